"""The platform: cache, queues, schedules, API manners. It has never heard of a story.

Read in this order: errors, redis, documents, outbox, events, cache/, queues/, schedules/,
api/, ops/.
"""
