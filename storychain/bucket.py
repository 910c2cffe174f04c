"""An S3 bucket that answers soon or not at all; loaded only where one is configured."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

CONNECT_SECONDS, READ_SECONDS, TRIES = 3, 20, 3


class Bucket(S3Storage):  # type: ignore[misc]
    """django-storages' S3, with time-outs in which a worker's lease holds.

    What goes wrong is an OSError, as on a disk; what is not there is FileNotFoundError.
    """

    def __init__(self, **options: Any) -> None:
        """Add the time-outs."""
        client_config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            s3={"addressing_style": "path" if options.get("endpoint_url") else "auto"},
        )
        super().__init__(**options, client_config=client_config)

    def delete(self, name: str) -> None:
        """Remove a file, if it is there."""
        with _as_on_disk():
            super().delete(name)

    def _open(self, name: str, mode: str = "rb") -> Any:
        """Open a file and fetch it at once: who waits for it learns here that it cannot be had."""
        with _as_on_disk():
            file = super()._open(name, mode)
            if "r" in mode:
                _ = file.file
            return file

    def _save(self, name: str, content: Any) -> str:
        with _as_on_disk():
            return str(super()._save(name, content))


@contextmanager
def _as_on_disk() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        kind = FileNotFoundError if status == HTTPStatus.NOT_FOUND else OSError
        raise kind(str(error)) from error
    except (BotoCoreError, S3UploadFailedError) as error:
        raise OSError(str(error)) from error
