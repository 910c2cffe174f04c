"""What can speak against a vote."""

from storychain.errors import Conflict, Forbidden


class OwnWork(Forbidden):
    """Votes give points, and nobody gives them to himself."""

    code, title = "own-work", "Others vote on what you wrote"


class NotPublished(Conflict):
    """What its readers do not have yet, or have no more, is not voted on."""

    code, title = "not-published", "Only what is published is voted on"
