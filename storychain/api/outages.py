"""Which exceptions mean that a part does not answer, so that the same request may succeed later."""

import mongoengine.errors
import pymongo.errors
import redis.exceptions
from django.db import InterfaceError, OperationalError
from mongoengine.connection import ConnectionFailure

UNREACHABLE = (
    pymongo.errors.ConnectionFailure,
    pymongo.errors.ExecutionTimeout,
    ConnectionFailure,
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    OperationalError,
    InterfaceError,
)


def is_outage(error: BaseException | None) -> bool:
    """Tell whether this error, or what mongoengine wrapped in it, is an outage or a time-out."""
    if isinstance(error, mongoengine.errors.OperationError):
        return is_outage(error.__cause__ or error.__context__)
    if isinstance(error, pymongo.errors.PyMongoError) and error.timeout:
        return True
    return isinstance(error, UNREACHABLE)
