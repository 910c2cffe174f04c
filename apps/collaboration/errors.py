"""What can be wrong with an invitation, or with somebody's part in a story."""

from storychain.errors import Conflict, Forbidden, NotFound


class InvitationNotFound(NotFound):
    """The caller has no open invitation into this story, and so may not know of the story."""

    code, title = "invitation-not-found", "There is no such invitation"


class InvitationExpired(Conflict):
    """The invitation was not answered in time."""

    code, title = "invitation-expired", "This invitation has run out"


class CollaboratorNotFound(NotFound):
    """This person neither works on the story nor is invited to it."""

    code, title = "collaborator-not-found", "This person has no part in the story"


class AlreadyThere(Conflict):
    """The person works on the story, or has an invitation that is still open."""

    code, title = "already-there", "This person has a part in the story already"


class BannedFromStory(Conflict):
    """The person is banned from the story; a ban is lifted before somebody is invited."""

    code, title = "banned-from-story", "This person is banned from the story"


class TeamFull(Conflict):
    """A story's team, with its open invitations, is as large as one may be."""

    code, title = "team-full", "The story's team is full"


class OwnerStays(Conflict):
    """A story always has its owner."""

    code, title = "owner-stays", "The owner stays with the story"


class NotYours(Forbidden):
    """The caller sees this person's part, but it is not for him to change it."""

    code, title = "not-yours", "This person's part is not yours to change"
