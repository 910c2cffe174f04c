"""Which stories are trending: a score of each listed story, from what happened and its own counts.

    reads7d * .3 + votes7d * .2 + branches7d * 20 * .2 + totalVotes * .2 + authorLevel * 10 * .1

divided by 1 + age / 30, with the age in whole days since the publication: nothing stays on top for
ever. reads7d are signed-in readers, branches7d those who wrote branches, each once a day and story;
votes7d the votes for or against the story and its chapters that stand. The seven days end with
today. Imported chapters are no branches. The score is rounded, so that most of them stand still.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from apps.analytics.documents import DailyStat
from apps.analytics.limits import READ
from apps.analytics.services import roll_up_day
from apps.chapters.documents import Chapter
from apps.stories.documents import Story
from apps.stories.invalidation import TRENDING
from apps.users.documents import User
from apps.votes.documents import Vote
from storychain.cache.invalidation import bump

DAYS, HALVING_DAYS, DIGITS = 7, 30, 2
STEP = 100


class Week(NamedTuple):
    """What happened to stories in seven days, by their slugs."""

    reads: Counter[str]
    votes: Counter[str]
    branches: Counter[str]


def score_story(story: Story, *, level: int, week: Week, now: datetime) -> float:
    """Return a listed story's score."""
    slug = story.slug
    lively = (
        week.reads[slug] * 0.3
        + week.votes[slug] * 0.2
        + week.branches[slug] * 20 * 0.2
        + story.stats.total_votes * 0.2
        + level * 10 * 0.1
    )
    age = max(0, (now - story.published_at).days) if story.published_at else 0
    return round(lively / (1 + age / HALVING_DAYS), DIGITS)


def refresh_trending(*, now: datetime, check: Callable[[], None]) -> int:
    """Bring all scores up to date, and let the list be read anew; return how many have changed.

    `check` is called between two steps of 100 stories, and may raise to end it. The pages of
    stories stay as they are: none shows the score.
    """
    roll_up_day(day=now.date())
    week, changed = _count_week(now), 0
    for stories in _in_steps():
        check()
        changed += _score_all(stories, week=week, now=now)
    bump(TRENDING)
    return changed


def _score_all(stories: Sequence[Story], *, week: Week, now: datetime) -> int:
    ids = sorted({story.creator_id for story in stories})
    levels = {user.clerk_id: user.level for user in User.objects(clerk_id__in=ids).only("level")}
    changed = 0
    for story in stories:
        score = score_story(story, level=levels.get(story.creator_id, 1), week=week, now=now)
        if score != story.trending_score:
            Story.rank(slug=story.slug, score=score)
            changed += 1
    return changed


def _count_week(now: datetime) -> Week:
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    since = today - timedelta(days=DAYS - 1)
    week = Week(Counter(), Vote.count_since(since), _count_branches(since))
    days = {"date__gte": since.date().isoformat(), "date__lte": today.date().isoformat()}
    for stat in DailyStat.objects(**days, scope__startswith="story:").no_cache():
        slug = stat.scope.removeprefix("story:")
        week.reads[slug] += stat.people.get(READ, 0)
    return week


def _count_branches(since: datetime) -> Counter[str]:
    wanted = {
        "created_at": {"$gte": since},
        "branch_index": {"$gt": 0},
        "is_import": {"$ne": True},
        "status": "published",
    }
    day = {"$dateToString": {"format": "%Y-%m-%d", "date": "$created_at"}}
    once = {"_id": {"of": "$story_slug", "by": "$author_id", "on": day}}
    total = {"_id": "$_id.of", "count": {"$sum": 1}}
    steps = [{"$match": wanted}, {"$group": once}, {"$group": total}]
    return Counter({row["_id"]: row["count"] for row in Chapter.objects.aggregate(steps)})


def _in_steps() -> Iterator[list[Story]]:
    wanted = ("creator_id", "published_at", "stats", "trending_score")
    step: list[Story] = []
    for story in Story.objects(is_listed=True).only(*wanted).no_cache():
        step.append(story)
        if len(step) == STEP:
            yield step
            step = []
    if step:
        yield step
