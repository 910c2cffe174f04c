"""The table beside django-celery-beat's."""
