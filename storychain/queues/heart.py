"""What this process holds: renewed together, and told when it is lost or cancelled."""

from storychain.queues import ledger
from storychain.queues.running import Run


class Heart:
    """The runs in this process's hands."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._runs: dict[str, Run] = {}

    def hold(self, run: Run) -> None:
        """Keep a run's lease alive from now on."""
        self._runs[run.id] = run

    def let_go(self, job_id: str) -> None:
        """Stop keeping it."""
        self._runs.pop(job_id, None)

    def beat(self) -> None:
        """Renew all leases in one call."""
        runs = list(self._runs.values())
        if not runs:
            return
        lost, cancelled = ledger.heartbeat([(run.queue, run.id, run.token) for run in runs])
        for run in runs:
            run.mark(lost=run.id in lost, cancelled=run.id in cancelled)

    def count(self, queue: str) -> int:
        """Return how many runs of a queue are held."""
        return sum(run.queue == queue for run in list(self._runs.values()))
