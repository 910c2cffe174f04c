"""Commands of the feature "emails"."""
