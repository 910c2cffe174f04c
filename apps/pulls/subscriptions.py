"""What follows from what was announced."""

from collections.abc import Iterator

from apps.pulls.events import JudgeTurned
from apps.pulls.jobs import weigh_judged
from storychain.events import subscribes
from storychain.queues.jobs import JobCall


@subscribes(JudgeTurned)
def weigh_what_he_judged(event: JudgeTurned) -> Iterator[JobCall]:
    """What he has judged is weighed by what he may do now."""
    yield weigh_judged.call(story_slug=event.story_slug, user_id=event.user_id)
