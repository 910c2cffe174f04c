"""What members report, who is banned from what, and how both are decided and appealed against.

Read documents.py first, then platform.py (who looks after the whole of it), reporting.py,
banning.py and appealing.py (writes and rules) and queries.py (their lists).
"""
