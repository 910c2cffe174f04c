"""The tables of the queues."""
