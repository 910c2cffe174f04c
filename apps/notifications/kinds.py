"""Everything that is told, in one table: how it reads, where it leads, and what it is about.

A message does not name who caused it: the page shows him beside it, by the name that he has today.
"""

from typing import Any, Literal, NamedTuple

from storychain.errors import Invalid


class Kind(NamedTuple):
    """One type of notification; `message` and `action_url` are templates over `related`.

    `related` are the names that it must be given. `is_needed` comes whatever somebody chose, also
    about a story that he may not read (yet): he is asked for an answer, or judged.
    """

    title: str
    message: str
    action_url: str
    related: tuple[str, ...]
    is_needed: bool = False


STORY, CHAPTER = "/stories/{story_slug}", "/stories/{story_slug}/chapters/{chapter_slug}"
PULL, PERSON = "/pulls/{pull_id}", "/users/{actor_id}"
REPORT = "/reports/{report_id}"
IN_STORY = ("story_slug", "story_title")
IN_CHAPTER = (*IN_STORY, "chapter_slug", "chapter_title")
IN_PULL = (*IN_STORY, "pull_id", "pull_title")
INVITATION = "collab_invitation"

KINDS: dict[str, Kind] = {
    "new_branch": Kind(
        "A new branch",
        "“{chapter_title}” branches off in “{story_title}”.",
        CHAPTER,
        (*IN_CHAPTER, "parent_slug", "actor_id"),
    ),
    "story_continued": Kind(
        "The story goes on",
        "“{chapter_title}” continues “{story_title}”.",
        CHAPTER,
        (*IN_CHAPTER, "parent_slug", "actor_id"),
    ),
    "story_published": Kind(
        "A new story",
        "“{story_title}” is there to be read.",
        STORY,
        (*IN_STORY, "actor_id"),
    ),
    "chapter_upvote": Kind(
        "Your chapter was voted for",
        "{people} liked “{chapter_title}” in “{story_title}”.",
        CHAPTER,
        (*IN_CHAPTER, "count", "people"),
    ),
    "story_milestone": Kind(
        "A milestone",
        "“{story_title}” has reached {count} {what}.",
        STORY,
        (*IN_STORY, "count", "what"),
    ),
    "pr_opened": Kind(
        "A new pull request",
        "“{pull_title}” was proposed for “{story_title}”.",
        PULL,
        (*IN_PULL, "actor_id"),
    ),
    "pr_approved": Kind(
        "Your pull request was approved",
        "“{pull_title}” for “{story_title}” was approved.",
        PULL,
        (*IN_PULL, "actor_id"),
    ),
    "pr_rejected": Kind(
        "Your pull request was not taken",
        "“{pull_title}” for “{story_title}” was closed.",
        PULL,
        (*IN_PULL, "actor_id"),
    ),
    "pr_merged": Kind(
        "Your pull request was merged",
        "“{pull_title}” is now part of “{story_title}”.",
        PULL,
        (*IN_PULL, "actor_id"),
    ),
    "pr_commented": Kind(
        "A comment on a pull request",
        "“{pull_title}” for “{story_title}” has a new comment.",
        PULL,
        (*IN_PULL, "comment_id", "actor_id"),
    ),
    "comment_reply": Kind(
        "A reply to your comment",
        "Somebody answered you below “{chapter_title}” in “{story_title}”.",
        CHAPTER + "#comment-{comment_id}",
        (*IN_CHAPTER, "comment_id", "actor_id"),
    ),
    "comment_mention": Kind(
        "You were mentioned in a comment",
        "Somebody mentioned you below “{chapter_title}” in “{story_title}”.",
        CHAPTER + "#comment-{comment_id}",
        (*IN_CHAPTER, "comment_id", "actor_id"),
    ),
    "mention": Kind(
        "You were mentioned",
        "Somebody mentioned you in “{story_title}”.",
        STORY,
        (*IN_STORY, "actor_id"),
    ),
    "new_follower": Kind(
        "A new follower", "Somebody follows you from now on.", PERSON, ("actor_id",)
    ),
    "badge_earned": Kind(
        "A new badge", "You have earned the badge “{badge}”.", "/users/me", ("badge",)
    ),
    INVITATION: Kind(
        "An invitation",
        "You are invited to work on “{story_title}” as {role}.",
        STORY + "/invitation",
        (*IN_STORY, "role", "actor_id"),
        is_needed=True,
    ),
    "collab_invitation_approved": Kind(
        "Your invitation was accepted",
        "“{story_title}” has a new member of its team.",
        STORY,
        (*IN_STORY, "actor_id"),
    ),
    "collab_invitation_rejected": Kind(
        "Your invitation was declined",
        "Your invitation to “{story_title}” was declined.",
        STORY,
        (*IN_STORY, "actor_id"),
    ),
    "chapter_flagged": Kind(
        "A chapter to look at",
        "“{chapter_title}” in “{story_title}” was reported or voted down.",
        CHAPTER,
        IN_CHAPTER,
    ),
    "report_decided": Kind(
        "Your report was decided",
        "What you have reported was looked at: {outcome}.",
        REPORT,
        ("report_id", "outcome"),
    ),
    "report_upheld": Kind(
        "A report of yours was upheld",
        "Something of yours was reported, and the report was upheld. See why.",
        REPORT,
        ("report_id",),
        is_needed=True,
    ),
    "story_taken_down": Kind(
        "Your story was taken down",
        "“{story_title}” was taken from its readers by those who look after the platform.",
        STORY,
        IN_STORY,
        is_needed=True,
    ),
    "story_restored": Kind(
        "Your story is back",
        "“{story_title}” is as it was before it was taken down.",
        STORY,
        IN_STORY,
        is_needed=True,
    ),
    "chapter_removed": Kind(  # names no chapter to be looked for: it is gone
        "Your chapter was removed",
        "“{chapter_title}” was removed from “{story_title}”.",
        STORY,
        (*IN_STORY, "chapter_title"),
        is_needed=True,
    ),
    "comment_removed": Kind(
        "Your comment was removed",
        "What you said below “{chapter_title}” in “{story_title}” was removed by a moderator.",
        CHAPTER,
        IN_CHAPTER,
        is_needed=True,
    ),
    "pr_withheld": Kind(
        "The text of your pull request was taken away",
        "“{pull_title}” for “{story_title}” was taken away by a moderator.",
        PULL,
        IN_PULL,
        is_needed=True,
    ),
    "pr_comment_removed": Kind(
        "Your comment was removed",
        "What you said about “{pull_title}” for “{story_title}” was removed by a moderator.",
        PULL,
        IN_PULL,
        is_needed=True,
    ),
    "pr_review_removed": Kind(
        "Your review was emptied",
        "What you said in your review of “{pull_title}” for “{story_title}” was removed by a "
        "moderator; your verdict stands.",
        PULL,
        IN_PULL,
        is_needed=True,
    ),
    "story_ban": Kind(
        "You are banned from a story",
        "You may read “{story_title}” no longer: {reason} You may appeal.",
        "/appeals",
        (*IN_STORY, "reason"),
        is_needed=True,
    ),
    "story_ban_lifted": Kind(
        "You may come back", "You may read “{story_title}” again.", STORY, IN_STORY, is_needed=True
    ),
    "appeal_decided": Kind(
        "Your appeal was decided",
        "Your appeal was {outcome}. See why.",
        "/appeals/{appeal_id}",
        ("appeal_id", "outcome"),
        is_needed=True,
    ),
}
Type = Literal[tuple(KINDS)]
"""The name of a kind, as a payload carries it."""


def compose(kind: str, **related: str | int | None) -> dict[str, Any]:
    """Return the payload of a notification of this kind, but for whom it is.

    Raise Invalid where the kind is none, or is not told exactly what it is about.
    """
    row = KINDS.get(kind)
    if row is None:
        raise Invalid(f"No notification is of the type {kind!r}; types are {', '.join(KINDS)}.")
    if odd := set(row.related) ^ related.keys():
        raise Invalid(f"{kind} is about {', '.join(row.related)}; check {', '.join(sorted(odd))}.")
    return {
        "type": kind,
        "title": row.title,
        "message": row.message.format_map(related),
        "actionUrl": row.action_url.format_map(related),
        "metadata": related,
    }
