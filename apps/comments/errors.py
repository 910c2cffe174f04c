"""What can be wrong with a comment, or with what somebody wants to do with it."""

from storychain.errors import Conflict, Forbidden, NotFound


class CommentNotFound(NotFound):
    """There is no comment of this id, or no more, or the caller may not know of it."""

    code, title = "comment-not-found", "There is no such comment"


class CommentForbidden(Forbidden):
    """The caller sees the comment, but it is not his to change."""

    code, title = "comment-forbidden", "This comment is not yours to change"


class CommentsLocked(Conflict):
    """The story's moderators have closed the discussion of this chapter."""

    code, title = "comments-locked", "This chapter takes no comments at present"


class ThreadTooDeep(Conflict):
    """The thread is as deep as one may be."""

    code, title = "thread-too-deep", "This thread goes no deeper"
