"""How handing over a mail can fail, and what is no link of ours."""

from storychain.errors import NotFound


class MailRefused(Exception):
    """The server will not take this mail, however often it is offered."""


class MailNotTaken(Exception):
    """The server did not take the mail this time, or takes none of ours; later it may."""


class MailInDoubt(Exception):
    """The mail was on its way when the server fell silent: it may have taken it or not."""


class UnknownLink(NotFound):
    """The link was not made by us, or not all of it arrived."""

    code, title = "unknown-link", "This link does not lead anywhere"
