"""What can be reported: found as its reporter sees it, and whose it is."""

from collections.abc import Callable
from typing import NamedTuple

from apps.access.rules import Action
from apps.chapters.documents import Chapter
from apps.comments.documents import Comment
from apps.moderation.errors import SubjectNotFound
from apps.pulls.documents import PullRequest
from apps.pulls.records import PullComment
from apps.stories.services import open_for
from apps.users.queries import check_user
from storychain.errors import Forbidden, NotFound


class Subject(NamedTuple):
    """A reported thing: whose it is, and the story that it belongs to, if any."""

    owner_id: str
    story_slug: str | None


def find_subject(*, kind: str, key: str, reader_id: str) -> Subject:
    """Return what somebody reports; raise SubjectNotFound if he does not see it."""
    try:
        return _FINDERS[kind](key, reader_id)
    except (NotFound, Forbidden) as error:
        raise SubjectNotFound from error


def _find_story(key: str, reader_id: str) -> Subject:
    return Subject(open_for(Action.READ, slug=key, caller_id=reader_id).story.creator_id, key)


def _find_chapter(key: str, reader_id: str) -> Subject:
    chapter = Chapter.objects(slug=key, status="published").only("story_slug", "author_id").first()
    if chapter is None:
        raise SubjectNotFound
    open_for(Action.READ, slug=chapter.story_slug, caller_id=reader_id)
    return Subject(chapter.author_id, chapter.story_slug)


def _find_comment(key: str, reader_id: str) -> Subject:
    """A comment below a chapter, or on a pull request: no two have one id."""
    said = Comment.find_standing(key)
    if said is None:
        return _find_pull_comment(key, reader_id)
    open_for(Action.READ, slug=said.story_slug, caller_id=reader_id)
    return Subject(said.user_id, said.story_slug)


def _find_pull_comment(key: str, reader_id: str) -> Subject:
    comment = PullComment.find_standing(key)
    if comment is None:
        raise SubjectNotFound
    return Subject(comment.user_id, _open_pull(comment.pull_id, reader_id).story_slug)


def _find_pull(key: str, reader_id: str) -> Subject:
    pull = _open_pull(key, reader_id)
    if pull.is_withheld:
        raise SubjectNotFound
    return Subject(pull.author_id, pull.story_slug)


def _open_pull(pull_id: str, reader_id: str) -> PullRequest:
    pull = PullRequest.objects(pull_id=pull_id).first()
    if pull is None or (pull.is_draft and pull.author_id != reader_id):
        raise SubjectNotFound
    open_for(Action.READ, slug=pull.story_slug, caller_id=reader_id)
    return pull


def _find_user(key: str, _reader_id: str) -> Subject:
    check_user(user_id=key)
    return Subject(key, None)


_FINDERS: dict[str, Callable[[str, str], Subject]] = {
    "story": _find_story,
    "chapter": _find_chapter,
    "comment": _find_comment,
    "pull": _find_pull,
    "user": _find_user,
}
