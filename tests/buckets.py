"""A real S3 server for tests: moto's, in a process of its own, over a real socket."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from storychain.storage import export_storage
from tests.queueing.servers import free_port
from tests.waiting import wait_until

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "1",
}


def answers(port: int) -> bool:
    """Tell whether somebody does."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Moto's S3 in a process of its own, with one bucket."""
    port = free_port()
    server = Path(sys.executable).with_name("moto_server")
    log = (tmp_path_factory.mktemp("moto") / "log").open("wb")
    process = subprocess.Popen([server, "-p", str(port)], stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(port), seconds=60)
        url = f"http://127.0.0.1:{port}"
        with pytest.MonkeyPatch.context() as patched:
            for name, value in KEYS.items():
                patched.setenv(name, value)
            client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
            client.create_bucket(Bucket="exports")
            yield url
    finally:
        process.kill()
        process.wait()
        log.close()


def bucket_url(endpoint: str, bucket: str = "exports") -> str:
    """Return what EXPORT_STORAGE_URL says of a bucket."""
    return f"s3://{bucket}/files?region=us-east-1&endpoint={endpoint}"


def use_bucket(settings: Any, endpoint: str, bucket: str = "exports") -> None:
    """Have this process keep its exports there."""
    store = export_storage(bucket_url(endpoint, bucket), root=settings.EXPORT_ROOT)
    settings.STORAGES = settings.STORAGES | {"exports": store}


def keys(endpoint: str) -> list[str]:
    """Return what is in the bucket."""
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    found = client.list_objects_v2(Bucket="exports").get("Contents", [])
    return [item["Key"] for item in found]
