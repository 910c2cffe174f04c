"""A mail server in a process of its own, and a way to run one job here and now."""
