"""The checker of the cache: an oracle that knows what no reader may be shown any more."""
