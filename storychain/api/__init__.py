"""The HTTP edge that all features share: who calls, what may come in, how an answer looks.

Read `authentication.py` with `signing_keys.py`, then `parsing.py` and `pagination.py` for what
comes in, `responses.py` and `problems.py` for what goes out, `schema.py` for how it is described;
`idempotency.py` and `preconditions.py` for requests that must not be done twice, or blindly.
"""
