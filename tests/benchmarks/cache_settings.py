"""Our settings, with django-cacheops beside: it wants to be an app, and to watch a model."""

import os

from config.settings import *  # noqa: F403
from config.settings import CACHES, INSTALLED_APPS, REDIS_CACHE_URL

INSTALLED_APPS = [*INSTALLED_APPS, *(["cacheops"] if os.environ.get("WITH_CACHEOPS") else [])]
# What `cache_page` keeps are pickled responses.
CACHES = {
    **CACHES,
    "pickled": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": REDIS_CACHE_URL},
}
CACHEOPS_REDIS = REDIS_CACHE_URL
CACHEOPS = {"auth.group": {"ops": "all", "timeout": 600}}
CACHEOPS_INSIDEOUT = os.environ.get("WITH_CACHEOPS") == "insideout"
