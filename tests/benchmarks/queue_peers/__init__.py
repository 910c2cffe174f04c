"""BullMQ and bare Celery, to be measured beside the ledger."""
