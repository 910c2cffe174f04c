"""When jobs run by themselves: declared beside the jobs, kept in SQL, edited in Django's admin.

Read declarations.py (what code says), synchronising.py (how that meets what an operator changed),
timing.py (when a schedule is due) and scheduler.py (celery beat's scheduler that fires it).
"""
