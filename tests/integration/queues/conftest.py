from tests.queueing.fixtures import bells, crew, sql, trace

__all__ = ["bells", "crew", "sql", "trace"]
