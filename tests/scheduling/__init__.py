"""Real beats over an SQL database of a test's own, with clocks that a test sets."""
