"""Commands that an operator runs on the platform."""
