"""What the one who imports gets to see."""

import msgspec


class ImportPage(msgspec.Struct, frozen=True, kw_only=True):
    """The story that stands for a file; `notes` say what of the file is not in it, or elsewhere."""

    story_slug: str
    chapters: int
    created: bool
    notes: list[str]
