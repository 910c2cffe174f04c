"""Commands of the feature "stories"."""
