"""The tables of maintenance."""
