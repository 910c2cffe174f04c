"""What can be wrong with a story, or with what somebody wants to do with it."""

from storychain.errors import Conflict, Forbidden, NotFound, TooMany


class StoryNotFound(NotFound):
    """No story has this slug, or the caller may not know of it."""

    code, title = "story-not-found", "There is no such story"


class StoryForbidden(Forbidden):
    """The caller sees the story, but his part in it does not allow this."""

    code, title = "story-forbidden", "Your part in this story does not allow this"


class NotPublishable(Conflict):
    """Something is still missing before the story can be published; `fields` says what."""

    code, title = "not-publishable", "This story cannot be published yet"


class WrongStatus(Conflict):
    """The story's status does not allow this step."""

    code, title = "wrong-status", "The story's status does not allow this"


class StoryLimit(TooMany):
    """The caller has started as many stories as one may in this time."""

    code, title = "story-limit", "You have started too many stories"
