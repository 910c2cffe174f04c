from tests.queueing.fixtures import bells, crew, indexes, queue_redis, trace, wire

__all__ = ["bells", "crew", "indexes", "queue_redis", "trace", "wire"]
