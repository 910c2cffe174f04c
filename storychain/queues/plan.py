"""How many jobs at the same time: the profiles, and the seed's formula for a given RAM."""

from storychain.queues.topology import PROFILES, QUEUES

BASE_MB, JOB_MB = 200, 10
LEAST_MB = BASE_MB + JOB_MB * len(QUEUES)
# The seed shares out the 80 jobs that 1 GB bears like this; 4 are in reserve.
SHARES = {"email": 10, "notification": 20, "analytics": 40, "cleanup": 1, "export": 5}
SHARED = 80

MACHINES = {
    "development": "any",
    "production-small": "1-2 vCPU, 1 GB",
    "production-medium": "2-4 vCPU, 4 GB",
    "production-large": "4+ vCPU, 8+ GB",
}

GUIDE = """\
Formula: (RAM - 200 MB for the application) / 10 MB a job = jobs at the same time; 1 GB bears 80.
A worker is a process, its concurrency how many jobs it has in hands: 2 workers x 5 = 10 at a time.

Why so many
  email         5-10   as fast as the provider lets: SendGrid 100 mails a second, Mailgun 300.
                       Ours sends at most 100 in any minute, over all workers together.
  notification  10-20  short writes; more is fine
  analytics     20-50  lightest of all
  cleanup       1      heavy on the database: one of a type at a time, over the whole deployment
  export        2-3    bound by memory and CPU (PDF, EPUB); its children are capped in memory

Too few: `waiting` and its oldest age grow (`manage.py jobs stats`), notifications and exports come
  late, long jobs time out, the queue Redis grows. Add a worker, or take the next profile.
Too many: high CPU with little done, "too many connections" (Redis, databases), rate-limit errors
  of mail providers, memory pressure and OOM kills. Take a smaller profile: beyond the best point
  more workers do less."""


def read_profiles() -> dict[str, dict[str, int]]:
    """Return {profile: {queue: jobs at the same time in one worker}}."""
    return {
        profile: {name: queue.slots[n] for name, queue in QUEUES.items()}
        for n, profile in enumerate(PROFILES)
    }


def plan_for(*, ram_mb: int) -> dict[str, int]:
    """Return {queue: jobs at the same time} that a machine bears; at least one each.

    The seed's formula: (RAM - 200 MB for the application) / 10 MB a job, shared out by its example.
    More RAM is no reason for more cleanup than the largest profile has.
    """
    total = max(0, ram_mb - BASE_MB) // JOB_MB
    plan = {queue: max(1, total * share // SHARED) for queue, share in SHARES.items()}
    return plan | {"cleanup": min(plan["cleanup"], max(QUEUES["cleanup"].slots))}
