"""Commands of the feature "users"."""
