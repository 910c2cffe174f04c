"""What goes of exports with the person who asked for them."""

from apps.exports.documents import Export
from apps.exports.files import drop_files
from apps.users.departures import STEP, departs


@departs
def forget_exports(user_id: str) -> int:
    """Delete somebody's exports and their files; a run that is under way finds nothing to end.

    The file first: an export that is left behind without one is found again.
    """
    found = list(Export.objects(user_id=user_id).limit(STEP))
    for export in found:
        drop_files(export)
        export.delete()
    return len(found)
