"""What binds both what comes in and what is stored of a notification."""

TITLE_LENGTH = 200
MESSAGE_LENGTH = 1000
URL_LENGTH = 2000
PLACE = r"\A(/(?!/)|https://)[^\s<>\"'\x00-\x1f]*\Z"
"""Where a notification may lead: into this site, or to a page over TLS; never `javascript:`."""
