"""How the system shows what it does: logs, metrics, health. Lower parts and features register here.

Read `logging.py` (one format everywhere), `requests.py` (request id, access line), `metrics.py`,
then `health.py` with `shared_call.py`, which keeps a flood of questions from hammering the parts.
"""
