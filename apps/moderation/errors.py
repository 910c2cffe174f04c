"""What can be wrong with a report, a ban or an appeal."""

from storychain.errors import Conflict, Forbidden, NotFound


class SubjectNotFound(NotFound):
    """What is reported is not there, or the caller may not know of it."""

    code, title = "subject-not-found", "There is nothing like that to report"


class ReportNotFound(NotFound):
    """There is no such report, or the caller has no part in it."""

    code, title = "report-not-found", "There is no such report"


class ReportClosed(Conflict):
    """Somebody has decided on it."""

    code, title = "report-closed", "This has been decided"


class BanNotFound(NotFound):
    """This person is not banned, or not the caller."""

    code, title = "ban-not-found", "There is no such ban"


class AlreadyThere(Conflict):
    """The same report, ban or appeal stands already."""

    code, title = "already-there", "This has been done already"


class NothingNew(Conflict):
    """An appeal was decided, and says what this one says."""

    code, title = "nothing-new", "This has been said and decided"


class AppealsSpent(Conflict):
    """There were as many appeals against this ban as there may be."""

    code, title = "appeals-spent", "There is no further appeal against this ban"


class AppealNotFound(NotFound):
    """There is no such appeal, or the caller has no part in it."""

    code, title = "appeal-not-found", "There is no such appeal"


class OutOfReach(Forbidden):
    """Nobody acts on himself, or on who has his own rank or a higher one."""

    code, title = "out-of-reach", "This person is not yours to judge"


class PlatformsBan(Forbidden):
    """Who looks after the platform has set this ban; a story's team does not lift it."""

    code, title = "platforms-ban", "This ban is the platform's to lift"


class PlatformForbidden(Forbidden):
    """The caller's platform role, if he has any, does not allow this."""

    code, title = "platform-forbidden", "Your role on the platform does not allow this"


class SuperAdminStays(Conflict):
    """There is always exactly one super admin; the command line says who."""

    code, title = "super-admin-stays", "There is exactly one super admin"
