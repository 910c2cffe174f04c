"""Jobs that lose nothing and do nothing twice: a ledger on the queue Redis, Celery as its bell.

Read topology (the five queues), jobs (declare and enqueue), ledger with lua/ (where every job is),
bells (who is woken), then the worker from the outside in: worker, station, drain, hands, execution,
running. delivery connects the outbox; stats shows it all.
"""
