"""Figures, measured: `make bench [ONLY=name]` runs bench_<name>.py and writes .bench/<name>.json.

Read measuring.py for what a benchmark gives, then __main__.py for how it is run and shown.
"""
