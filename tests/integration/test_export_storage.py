"""Finished exports in a bucket: a real S3 server over a real socket, there, away, or forbidden."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.exports.purging import purge_exports
from storychain.checkup import examine
from storychain.storage import BadStore, check_storage, export_storage
from tests import buckets
from tests.buckets import keys, use_bucket
from tests.factories import published_story, sign_in
from tests.integration.test_exports_api import fetch, made, run
from tests.queueing.servers import free_port

pytestmark = pytest.mark.django_db
endpoint = buckets.endpoint


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.EXPORT_ROOT = tmp_path / "exports"


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
    assert purge_exports(now=later) == 1
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
