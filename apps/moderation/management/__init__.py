"""Commands of the feature "moderation"."""
