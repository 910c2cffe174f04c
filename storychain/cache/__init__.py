"""The cache: once a write is acknowledged, no later read shows what was there before it.

Read in this order: tags (tokens, intents, fences), entries (what is stored), region (a read),
invalidation (a write), http (what a consumer sees), stats.
"""
