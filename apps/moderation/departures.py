"""What becomes of reports, bans and appeals when somebody in them deletes his account.

What he reported stays, without him; what is held against himself, and his appeals, go. What he did
as a moderator was done by the orphan.
"""

from apps.access.documents import StoryBan
from apps.moderation.documents import Act, Appeal, Report
from apps.users.departures import STEP, departs
from apps.users.documents import PlatformBan, PlatformRole
from apps.users.limits import ORPHAN_ID
from storychain.documents import unit_of_work


@departs
@unit_of_work
def leave_reports(user_id: str) -> int:
    """Forget who reported, whose it was and who decided; drop what is held against himself."""
    against = Report.objects(subject_id=user_id, subject_type="user").at_most(STEP).delete()
    changes = (
        ({"reporter_id": user_id}, {"unset__reporter_id": True}),
        ({"accused_id": user_id}, {"set__accused_id": ORPHAN_ID}),
        (
            {"decision__decided_by": user_id},
            {"set__decision__decided_by": ORPHAN_ID},
        ),
    )
    return int(against) + sum(
        Report.objects(**found).at_most(STEP).update(**change) for found, change in changes
    )


@departs
@unit_of_work
def leave_appeals(user_id: str) -> int:
    """Drop his appeals, and leave what he decided to the orphan."""
    gone = Appeal.objects(user_id=user_id).at_most(STEP).delete()
    judged = Appeal.objects(decision__decided_by=user_id).at_most(STEP)
    banned = Appeal.objects(banned_by=user_id).at_most(STEP)
    return int(
        gone
        + judged.update(set__decision__decided_by=ORPHAN_ID)
        + banned.update(set__banned_by=ORPHAN_ID)
    )


@departs
@unit_of_work
def leave_bans(user_id: str) -> int:
    """Drop his own ban and role, and leave the bans that he imposed to the orphan."""
    own = [model.objects(user_id=user_id).delete() for model in (PlatformBan, PlatformRole)]
    imposed = [
        model.objects(banned_by=user_id).at_most(STEP).update(set__banned_by=ORPHAN_ID)
        for model in (PlatformBan, StoryBan)
    ]
    given = PlatformRole.objects(assigned_by=user_id).at_most(STEP)
    return int(sum(own) + sum(imposed) + given.update(set__assigned_by=ORPHAN_ID))


@departs
@unit_of_work
def leave_acts(user_id: str) -> int:
    """Put the orphan in his place in what moderators did."""
    return Act.orphan(user_id, most=STEP)
