"""How many jobs at the same time: the profiles, and the seed's formula for a given RAM."""

from storychain.queues.topology import PROFILES, QUEUES

BASE_MB, JOB_MB = 200, 10
# The seed shares a machine of 1 GB out like this.
SHARES = {"email": 10, "notification": 20, "analytics": 40, "cleanup": 1, "export": 5}

GUIDE = """\
Too few: `waiting` grows in `manage.py jobs stats`, notifications come late, long jobs time out.
Too many: high CPU with little done, "too many connections", providers refuse, memory is gone.
Providers: SendGrid takes 100 mails a second, Mailgun 300; ours sends at most 100 a minute.
Cleanup runs alone on purpose (heavy on the database); export is bound by memory and CPU.
A worker is a process, its concurrency how many jobs it has in hands: two of 5 do 10 at a time."""


def read_profiles() -> dict[str, dict[str, int]]:
    """Return {profile: {queue: jobs at the same time in one worker}}."""
    return {
        profile: {name: queue.slots[n] for name, queue in QUEUES.items()}
        for n, profile in enumerate(PROFILES)
    }


def plan_for(*, ram_mb: int) -> dict[str, int]:
    """Return {queue: jobs at the same time} that a machine bears; at least one each.

    The seed's formula: (RAM - 200 MB for the application) / 10 MB a job, shared out by its example.
    """
    total = max(0, ram_mb - BASE_MB) // JOB_MB
    whole = sum(SHARES.values())
    return {queue: max(1, total * share // whole) for queue, share in SHARES.items()}
