"""What people do, counted: events written in batches, daily figures, and what is trending.

Read limits (what may be told), jobs and services (from an event to a document to a day's figures),
then trending (from these figures to an order of stories).
"""
