"""What can be wrong with a person's account."""

from storychain.errors import Conflict, Forbidden, NotFound, Unauthenticated, Unavailable


class UserNotFound(NotFound):
    """Nobody has this id."""

    code, title = "user-not-found", "There is no such user"


class UsernameTaken(Conflict):
    """Another member has this name already."""

    code, title = "username-taken", "This username is taken"


class AccountBanned(Forbidden):
    """The caller is banned from the platform; the detail says why."""

    code, title = "account-banned", "This account is banned"


class BadSignature(Unauthenticated):
    """A webhook that Clerk has not signed, or not lately."""

    code, title = "bad-signature", "The webhook's signature does not hold"


class WebhooksOff(Unavailable):
    """No secret is configured by which a webhook could be checked; Svix tries it again later."""

    code, title = "webhooks-off", "Clerk's webhooks are not configured here"
