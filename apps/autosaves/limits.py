"""Numbers of autosaves."""

MOST_DRAFTS = 200  # of one person, so that nobody fills the database with texts that none reads
