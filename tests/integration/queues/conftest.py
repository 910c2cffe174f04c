from tests.queueing.fixtures import bells, crew, migrated, sql, trace

__all__ = ["bells", "crew", "migrated", "sql", "trace"]
