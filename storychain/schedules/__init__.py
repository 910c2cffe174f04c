"""When jobs run by themselves: declared beside the jobs, kept in SQL, edited in Django's admin.

Read declarations.py (what code says), synchronising.py (how that meets what an operator changed),
timing.py (when a schedule is due), slots.py (due times as rows), sending.py (rows become jobs),
following.py (what became of them) and scheduler.py (celery beat's scheduler, which does all that).
"""
