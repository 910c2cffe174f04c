"""What can be wrong with a draft."""

from storychain.errors import Conflict, NotFound


class AutosaveNotFound(NotFound):
    """The caller has no draft of this id; others' drafts do not exist for him."""

    code, title = "autosave-not-found", "There is no such draft"


class TooManyDrafts(Conflict):
    """The caller keeps as many drafts as one may."""

    code, title = "too-many-drafts", "You keep too many drafts"
