"""Whoever dies while he merges a pull request, between any two writes, merged it or did not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from storychain.documents import ensure_indexes
from tests.factories import propose, published_story, sign_in

ROOT = Path(__file__).parents[2]

# Each line names a pull request, who merges it, and before which write to MongoDB he dies.
MERGER = """
import os, signal, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.utils import timezone
from pymongo.monitoring import CommandListener
from apps.pulls.merging import merge_pull
from storychain import mongodb

WRITES = ("insert", "update", "findAndModify", "delete", "commitTransaction")

class Death(CommandListener):
    left = 0

    def started(self, event):
        self.left -= event.command_name in WRITES
        if self.left == 0 and event.command_name in WRITES:
            os.kill(os.getpid(), signal.SIGKILL)

    def succeeded(self, event):
        pass

    failed = succeeded

death = Death()
mongodb.listen(death)
for line in sys.stdin:
    pull_id, caller_id, step = line.split()
    child = os.fork()
    if not child:
        death.left = int(step)
        merge_pull(pull_id=pull_id, caller_id=caller_id, now=timezone.now())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def traces(database: Any, pull_id: str) -> dict[str, int]:
    """Count everything that a merge leaves, by what it is."""
    chapters = [row["_id"] for row in database["chapters"].find({"pull_id": pull_id})]
    of_chapters = {"chapter_slug": {"$in": chapters}}
    return {
        "merged": database["pull_requests"].count_documents({"_id": pull_id, "status": "merged"}),
        "chapter": len(chapters),
        "way": database["chapters"].count_documents({"choices.chapter_slug": {"$in": chapters}}),
        "event": database["pull_events"].count_documents({"pull_id": pull_id, "kind": "merged"}),
        "moment": database["story_moments"].count_documents(of_chapters),
        "notice": sum("pr_merged" in row["payload"] for row in notices(database, pull_id)),
    }


def notices(database: Any, pull_id: str) -> list[Any]:
    """Return what the outbox holds of what is told of a pull request; a payload is JSON."""
    return list(database["outbox"].find({"_id": {"$regex": f"^notice:pull:{pull_id}:"}}))


def test_kill_9_between_any_two_writes_leaves_a_merge_whole_or_undone(
    mongo: Any, fresh_names: str
) -> None:
    ensure_indexes()
    database = mongo[fresh_names]
    owner, writer = sign_in("owner"), sign_in("writer")
    story, root = published_story(owner)

    def approved() -> str:
        pull_id = propose(writer, story, root)
        answer = owner.post(f"/pulls/{pull_id}/reviews", {"verdict": "approve"})
        assert answer.status_code == 201, answer.content
        return pull_id

    environ = {
        **os.environ,
        "MONGODB_URI": settings.MONGODB_URI,
        "KEY_PREFIX": settings.KEY_PREFIX,
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-c", MERGER]
    merger = subprocess.Popen(
        command, cwd=ROOT, env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with merger:
        assert merger.stdin is not None
        assert merger.stdout is not None
        pull_id, step, code, deaths = approved(), 0, -signal.SIGKILL, {0: 0, 1: 0}
        while code:
            step += 1
            merger.stdin.write(f"{pull_id} {owner.user_id} {step}\n")
            merger.stdin.flush()
            code = int(merger.stdout.readline())
            assert code in (0, -signal.SIGKILL)
            # MongoDB lets go of what a dead one holds after 60 s, or when it is told to.
            mongo.admin.command({"killAllSessions": []})
            [is_merged] = set(traces(database, pull_id).values())
            deaths[is_merged] += 1
            if is_merged:
                pull_id = approved()
        merger.stdin.close()
    assert deaths[0] > 10  # the merge has many steps before its commit
    assert deaths[1] > 1  # and some after it
    [stored] = database["stories"].find({"_id": story})
    assert stored["stats"]["total_chapters"] == 1 + deaths[1]
