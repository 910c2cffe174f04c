"""Jobs that leave traces outside of Redis, and real workers to run them."""
