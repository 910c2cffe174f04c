"""How operators look at the running system and act on it: Django's admin on a site of our own."""
