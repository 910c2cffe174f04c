"""Finished exports in a bucket: a real S3 server over a real socket, there, away, or forbidden."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.exports import services
from storychain.checkup import examine
from storychain.storage import BadStore, check_storage, export_storage
from tests.factories import published_story, sign_in
from tests.integration.test_exports_api import fetch, made, run
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db
KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "1",
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answers(port: int) -> bool:
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


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.EXPORT_ROOT = tmp_path / "exports"


def use_bucket(settings: Any, endpoint: str, bucket: str = "exports") -> None:
    url = f"s3://{bucket}/files?region=us-east-1&endpoint={endpoint}"
    store = export_storage(url, root=settings.EXPORT_ROOT)
    settings.STORAGES = settings.STORAGES | {"exports": store}


def keys(endpoint: str) -> list[str]:
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    found = client.list_objects_v2(Bucket="exports").get("Contents", [])
    return [item["Key"] for item in found]


def test_a_file_goes_to_the_bucket_and_comes_back(settings: Any, endpoint: str) -> None:
    use_bucket(settings, endpoint)
    author = sign_in()
    story, _ = published_story(author)
    done = made(author, story)
    assert keys(endpoint) == [f"files/{done['id']}-1.epub"]
    answer = fetch(done["file_url"])
    assert (answer.status_code, len(answer.body)) == (200, done["size"])
    assert run(done["id"]) is None
    settings.EXPORT_KEEP_SECONDS = 0
    later = timezone.now() + timedelta(days=2)
    assert services.purge_exports(now=later) == 1
    assert keys(endpoint) == []
    assert fetch(done["file_url"]).status_code == 410


def test_a_file_that_is_lost_in_the_bucket_is_gone(settings: Any, endpoint: str) -> None:
    use_bucket(settings, endpoint)
    author = sign_in()
    story, _ = published_story(author)
    done = made(author, story, format="markdown")
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.delete_object(Bucket="exports", Key=keys(endpoint)[0])
    assert fetch(done["file_url"]).status_code == 410


def test_a_bucket_that_is_away_is_another_try_and_503(settings: Any, endpoint: str) -> None:
    use_bucket(settings, endpoint)
    author = sign_in()
    story, _ = published_story(author)
    done = made(author, story, format="markdown")
    use_bucket(settings, f"http://127.0.0.1:{free_port()}")
    answer = fetch(done["file_url"])
    assert (answer.status_code, answer.json()["code"]) == (503, "export-store-away")
    waiting = author.post(f"/stories/{story}/exports", {"format": "twee"}).json()
    with pytest.raises(OSError, match=r"127\.0\.0\.1"):
        run(waiting["id"], last=False)
    use_bucket(settings, endpoint)
    assert run(waiting["id"]) is not None


@pytest.mark.parametrize("bucket", ["exports", "no-such-bucket"])
def test_doctor_and_start_tell_of_the_store(settings: Any, endpoint: str, bucket: str) -> None:
    use_bucket(settings, endpoint, bucket)
    found = next(f for f in examine({}) if f.part == "Exports' files")
    if bucket == "exports":
        assert (found.found, found.mend) == ("bucket exports", "")
        return
    assert "NoSuchBucket" in found.found
    assert "EXPORT_STORAGE_URL" in found.mend
    with pytest.raises(SystemExit, match="EXPORT_STORAGE_URL"):
        call_command("prepare")


def test_a_folder_that_cannot_be_written_is_one_line(settings: Any, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    store = export_storage("", root=blocked / "exports")
    settings.STORAGES = settings.STORAGES | {"exports": store}
    with pytest.raises(BadStore, match="EXPORT_ROOT") as refused:
        check_storage()
    assert "\n" not in str(refused.value)
