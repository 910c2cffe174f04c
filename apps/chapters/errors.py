"""What can be wrong with a chapter, or with what somebody wants to do with it."""

from storychain.errors import Conflict, Forbidden, NotFound


class ChapterNotFound(NotFound):
    """The story has no chapter of this slug, or the caller may not know of it."""

    code, title = "chapter-not-found", "There is no such chapter"


class ChapterForbidden(Forbidden):
    """The caller sees the chapter, but it is neither his nor his story's."""

    code, title = "chapter-forbidden", "This chapter is not yours to change"


class ApprovalRequired(Forbidden):
    """The story takes new chapters from this caller by pull request only."""

    code, title = "approval-required", "This story takes new chapters by pull request"


class RootExists(Conflict):
    """A story has one first chapter, and this one has it already."""

    code, title = "root-exists", "This story has its first chapter already"


class TooDeep(Conflict):
    """The story's `max_depth` is reached."""

    code, title = "too-deep", "The story may not grow any deeper here"


class NoMoreBranches(Conflict):
    """The chapter has as many branches as a chapter may have."""

    code, title = "no-more-branches", "No further chapter can follow this one"


class WrongLink(Conflict):
    """A link leads across the tree: not to its own chapter, nor to what stands below that."""

    code, title = "wrong-link", "This chapter cannot be linked to that one"


class NoMoreLinks(Conflict):
    """The chapter has as many links as a chapter may have."""

    code, title = "no-more-links", "This chapter has all the links that it may have"


class LinkNotFound(NotFound):
    """No link leads from the one chapter to the other."""

    code, title = "link-not-found", "There is no such link"


class TooManyWaiting(Conflict):
    """As many chapters of the caller wait in this story as may."""

    code, title = "too-many-waiting", "Too many of your chapters wait in this story"


class VersionNotFound(NotFound):
    """The chapter has no version of this number."""

    code, title = "version-not-found", "There is no such version of the chapter"


class VersionMoved(Conflict):
    """Somebody else has edited the chapter since the caller read it."""

    code, title = "version-moved", "This chapter has been edited since you read it"


class LastChapter(Conflict):
    """A published story keeps at least one chapter that can be read."""

    code, title = "last-chapter", "A published story keeps its last chapter"


class AlreadyPublished(Conflict):
    """Readers have the chapter; it can be given no time to appear any more."""

    code, title = "already-published", "This chapter is published already"


class NotPublishedYet(Conflict):
    """A chapter that readers do not have can be followed by none."""

    code, title = "not-published-yet", "This chapter is not published yet"


class ChapterRemoved(Conflict):
    """The chapter's text was removed; its place in the tree is all that is left."""

    code, title = "chapter-removed", "This chapter was removed"
