"""What can be wrong with following somebody."""

from storychain.errors import Conflict


class FollowsHimself(Conflict):
    """Nobody follows himself."""

    code, title = "follows-himself", "You cannot follow yourself"
