from tests.queueing.fixtures import bells, crew, trace

__all__ = ["bells", "crew", "trace"]
