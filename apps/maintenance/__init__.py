"""What keeps the system in order by itself, above all features: health checks, and more to come."""
