"""Numbers of collaboration, as the design fixes them."""

ROLES = ("contributor", "reviewer", "moderator", "co_author")  # a story's owner is never invited
INVITATION_DAYS = 14
LARGEST_TEAM = 100  # with open invitations; so that a team is one page
