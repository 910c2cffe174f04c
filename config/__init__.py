"""Wiring only: environment, settings, URLs, Celery, server entry points. Nothing imports it."""
