"""Commands for schedules, one a module."""
