"""What is counted of a story in sums, and the milestones that it passes by that.

    counters.add(kind="story", key=slug, counts={"total_reads": 1})

Names are those of StoryStats.
"""

from apps.stories.documents import Story
from apps.stories.events import StoryMilestone
from apps.users.services import count_work
from storychain.counters import settles
from storychain.events import publish

MILESTONES = (10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000)
TOLD = {"total_votes": "votes", "total_reads": "reads"}


@settles("story")
def count_story(slug: str, counts: dict[str, int]) -> None:
    """Add to a story's counts, and the votes for it to those of whoever started it."""
    before = Story.count(slug=slug, counts=counts)
    if before is None or before.status == "deleted":
        return
    if counts.keys() & {"upvotes", "downvotes"}:
        up, down = (counts.get(name, 0) for name in ("upvotes", "downvotes"))
        count_work(user_id=before.creator_id, upvotes=up, downvotes=down)
    for name, what in TOLD.items():
        _tell_milestone(before, what, before.stats[name], counts.get(name, 0))


def _tell_milestone(story: Story, what: str, before: int, more: int) -> None:
    """Tell the highest number that was passed, if any was."""
    passed = [n for n in MILESTONES if before < n <= before + more]
    if passed:
        publish(
            StoryMilestone(
                story_slug=story.slug,
                story_title=story.title,
                creator_id=story.creator_id,
                what=what,
                count=passed[-1],
            )
        )
