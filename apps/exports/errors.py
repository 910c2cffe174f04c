"""What can be wrong with an export, or with asking for one."""

from storychain.errors import (
    Conflict,
    Invalid,
    NotFound,
    StorychainError,
    TooMany,
    Unavailable,
)


class ExportNotFound(NotFound):
    """The caller has asked for no such export."""

    code, title = "export-not-found", "There is no such export"


class ExportNotReady(Conflict):
    """The file is still being made, or could not be."""

    code, title = "export-not-ready", "There is no file yet"


class NothingToExport(Conflict):
    """The story has no chapters yet."""

    code, title = "nothing-to-export", "There is nothing to export yet"


class ExportExpired(StorychainError):
    """The link, or the file behind it, is past its time."""

    status, code, title = 410, "export-expired", "This link has expired; export the story again"


class ExportWithdrawn(StorychainError):
    """The one who asked for the file may no longer read its story, or the story is gone."""

    status, code = 410, "export-withdrawn"
    title = "The story is gone, or you may no longer read it"


class BrokenPath(Invalid):
    """The chapters that were named do not follow each other from the first one on."""

    code, title = "broken-path", "These chapters are no path through the story"


class StoreAway(Unavailable):
    """The store of finished files does not answer, or refuses."""

    code, title = "export-store-away", "The files cannot be reached right now; try again later"


class TooManyExports(TooMany):
    """As many of the caller's exports are under way as may be at once."""

    code, title = "too-many-exports", "Wait for your other exports first"


class CannotRender(StorychainError):
    """No file can come of this, however often it is tried; `detail` is for the one who asked."""

    code, title = "cannot-render", "The file could not be made"


class TooLarge(CannotRender):
    """It takes more time or memory than one export may have."""

    title = "The story is too large to be made into this format"
