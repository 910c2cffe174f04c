"""Where files are kept that outlive the process that made them: a folder, or an S3 bucket."""

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.files.base import ContentFile
from django.core.files.storage import storages

PATIENCE_SECONDS = 5
IN_MEMORY_BYTES = 1024 * 1024
STORE = "exports"


class BadStore(Exception):
    """Files cannot be kept there; reads as one line that names the mend."""


def export_storage(url: str, *, root: Path) -> dict[str, Any]:
    """Return the entry of STORAGES for a URL, s3://bucket/folder?region=...&endpoint=...

    Without one it is the folder `root`. Keys come from where boto3 looks for them
    (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the machine's role). What is read is spooled to
    disk beyond a megabyte.
    """
    if not url:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": root},
        }
    parts, options = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
    return {
        "BACKEND": "storychain.bucket.Bucket",
        "OPTIONS": {
            "bucket_name": parts.netloc,
            "location": parts.path.strip("/"),
            "region_name": options.get("region"),
            "endpoint_url": options.get("endpoint"),
            "default_acl": None,
            "file_overwrite": True,
            "max_memory_size": IN_MEMORY_BYTES,
        },
    }


def check_storage() -> str:
    """Write, read and remove a small file; return where. Raise BadStore if that does not work."""
    store, said = storages[STORE], secrets.token_bytes(16)
    try:
        name = store.save(f"probe-{said.hex()}", ContentFile(said))
        with store.open(name) as file:
            is_same = file.read() == said
        store.delete(name)
    except Exception as error:
        raise BadStore(_explain(error)) from error
    if not is_same:
        raise BadStore("What was written is not what is read there.")
    return describe_storage()


def describe_storage() -> str:
    """Return where finished files are kept, in a few words."""
    store = storages[STORE]
    bucket = getattr(store, "bucket_name", None)
    return f"bucket {bucket}" if bucket else str(getattr(store, "location", "memory"))


def _explain(error: Exception) -> str:
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return (
        f"Exports cannot be kept in {describe_storage()} ({said}): mend that, or set EXPORT_ROOT to"
        " a folder that can be written, or EXPORT_STORAGE_URL to a bucket that can."
    )
