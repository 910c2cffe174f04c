"""What goes of imports with the person who brought them."""

from apps.imports.documents import ImportRecord
from apps.users.departures import STEP, departs
from storychain.documents import unit_of_work


@departs
@unit_of_work
def forget_imports(user_id: str) -> int:
    """Forget which files somebody has imported; the stories made of them are stories."""
    return int(ImportRecord.objects(author_id=user_id).at_most(STEP).delete())
