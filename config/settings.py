"""Django's settings, all from Env: nothing here asks in which environment it runs.

One section per owner; what is measured in seconds goes through `_scaled`, so that tests can hurry.
"""

import os
import secrets
import sys

import dj_database_url

from config.env import Env, WrongVariable
from config.mail import mail_settings
from storychain.observability.logging import configure_logging
from storychain.redis import cache_backend
from storychain.secrets import read_or_make
from storychain.storage import export_storage

try:
    ENV = Env.read(os.environ)
    SECRET_KEY = ENV.secret_key or read_or_make(
        path=ENV.home / "secret_key", make=lambda: secrets.token_urlsafe(48)
    )
except WrongVariable as error:
    sys.exit(str(error))
except OSError as error:
    sys.exit(
        f"{ENV.home} cannot be written ({error.strerror}): "
        "mend that, or set STORYCHAIN_HOME to another folder."
    )


def _scaled(seconds: float) -> float:
    """Return seconds of ours (leases, windows, graces) at the pace that TIME_SCALE sets."""
    return seconds * ENV.time_scale


# Where and who

STORYCHAIN_HOME = ENV.home
STORYCHAIN_PROFILE = ENV.profile
EXPORT_ROOT = ENV.export_root
EXPORT_FONTS = ENV.export_fonts
HOST = ENV.host
PORT = ENV.port
PUBLIC_URL = ENV.public_url
APP_URL = ENV.app_url
TIME_SCALE = ENV.time_scale
DEBUG = ENV.debug
ALLOWED_HOSTS = [
    *ENV.allowed_hosts,
    "localhost",
    "127.0.0.1",
    "[::1]",
]  # probes come from the machine itself
CSRF_TRUSTED_ORIGINS = [ENV.public_url]
LOG_LEVEL = ENV.log_level
LOG_FORMAT = ENV.log_format

# What the processes of the Procfile share: `manage.py supervise` loads it once for all of them.
PRELOADED = [
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.beat",
    "celery.bin.worker",
    "celery.concurrency.prefork",
    "celery.concurrency.thread",
    "celery.worker.consumer",
    "config.celery",
    "config.urls",
    "gunicorn.app.wsgiapp",
    "storychain.api.gunicorn_worker",
]

# Servers

REDIS_CACHE_URL = ENV.redis_cache_url
REDIS_QUEUE_URL = ENV.redis_queue_url
CELERY_BROKER_URL = ENV.celery_broker_url
MONGODB_URI = ENV.mongodb_uri
KEY_PREFIX = ENV.key_prefix
MONGO_TIMEOUT_MS = 5_000
CACHE_TIMEOUT_SECONDS = ENV.cache_timeout_seconds
QUEUE_TIMEOUT_SECONDS = 2.0

DATABASES = {
    "default": dj_database_url.parse(ENV.database_url, conn_max_age=60, conn_health_checks=True)
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Several processes write: readers never block, and a writer waits for its turn from the start.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }

CACHES = {"default": cache_backend(REDIS_CACHE_URL, seconds=CACHE_TIMEOUT_SECONDS)}

vars().update(mail_settings(ENV.email_url))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.email_from
EMAIL_KEEP_SECONDS = 30 * 24 * 3_600  # how long it is known which mail went to whom

# Documents, events, outbox

UNIT_OF_WORK_SECONDS = _scaled(30)
OUTBOX_RELAY_SECONDS = _scaled(2)
OUTBOX_REOFFER_SECONDS = _scaled(60)
COUNTS_SETTLE_SECONDS = _scaled(1)

# Cache

SURROGATE_KEYS = False  # switch on where a CDN purges by them (docs/adr/0012)
CACHE_INTENT_SECONDS = _scaled(60)
CACHE_LEASE_SECONDS = _scaled(10)
CACHE_WAIT_SECONDS = _scaled(2)
CACHE_RETRIES = 3  # of a command, where no request waits for it
CACHE_LARGEST_BYTES = 8 * 1024 * 1024

# Queues

QUEUE_LEASE_SECONDS = _scaled(15)
QUEUE_EXPORT_LEASE_SECONDS = _scaled(60)
QUEUE_HEARTBEAT_SECONDS = _scaled(5)
QUEUE_SWEEP_SECONDS = _scaled(1)
QUEUE_PROMOTE_SECONDS = _scaled(0.2)
QUEUE_BELL_SECONDS = _scaled(1)
QUEUE_DRAIN_SECONDS = _scaled(30)
QUEUE_BACKOFF_SECONDS = _scaled(1)
QUEUE_GRACE_SECONDS = _scaled(20)
# When somebody is told, for all queues or, as in "export.slow", for one: how many jobs may wait and
# how many be dead; for how many seconds the oldest may wait, or wait while no worker runs at all
# (unattended), and one in twenty may run (slow).
QUEUE_ALERTS = {
    "backlog": 10_000,
    "late": 60,
    "unattended": 10,
    "slow": 30,
    "dead": 0,
    "cleanup.late": 900,
    "cleanup.slow": 600,
    "export.late": 300,
    "export.slow": 120,
} | ENV.queue_alerts
QUEUE_RUNS_SECONDS = _scaled(1)
QUEUE_RUNS_BURST = 1000  # completed runs of a queue that a process keeps at once,
QUEUE_RUNS_PER_SECOND = 1.0  # and how many it may keep for each second of time
QUEUE_CHILD_MEMORY_KB = 512 * 1024
QUEUE_CELERY_APP = "config.celery.app"  # loaded by whoever rings first

# Schedules

SCHEDULE_POLL_SECONDS = _scaled(2)
SCHEDULE_LEASE_SECONDS = _scaled(10)
SCHEDULE_TIDY_SECONDS = _scaled(60)
SCHEDULE_REOFFER_SECONDS = _scaled(60)  # after which a job that the ledger lost is offered again
SCHEDULE_OVERDUE_SECONDS = _scaled(300)
SCHEDULE_CLOCK = "storychain.schedules.clock.Clock"

# Exports

EXPORT_KEEP_SECONDS = 24 * 3_600
EXPORT_LIST_SECONDS = 30 * 24 * 3_600
EXPORT_STUCK_SECONDS = 6 * 3_600
EXPORT_PANDOC_SECONDS = 300
EXPORT_TYPST_SECONDS = 300
EXPORT_MEMORY_MB = 1536  # of address space, for pandoc and for typst
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "exports": export_storage(ENV.export_storage_url, root=EXPORT_ROOT),
}

# Who signs in

CLERK_JWKS_URL = ENV.clerk_jwks_url
CLERK_ISSUER = ENV.clerk_issuer
CLERK_AUTHORIZED_PARTIES = list(ENV.clerk_authorized_parties)
CLERK_WEBHOOK_SECRETS = list(ENV.clerk_webhook_secrets)
CLERK_JWKS_PATIENCE_SECONDS = 3.0
CLERK_JWKS_REFETCH_SECONDS = _scaled(30)
CLERK_JWKS_MAX_AGE_SECONDS = _scaled(3_600)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https:")

# How much a caller may ask for in a minute, by the class of what he asks for

RATE_LIMITS = {
    "public-read": 100,
    "signed-in-read": 300,
    "write": 20,
    "public-write": 20,  # events of an address that nobody is signed in at
    "fast-write": 120,  # autosaves, heartbeats, events
    "reaction": 60,
    "critical": 5,
    "webhook": 1000,
} | ENV.rate_limits
TRUSTED_PROXIES = ENV.trusted_proxies
APPEALS_PER_BAN = ENV.appeals_per_ban

# What it tells about itself

LOGGING = configure_logging(style=LOG_FORMAT, level=LOG_LEVEL)
METRICS_TOKEN = ENV.metrics_token
HEALTH_PATIENCE_SECONDS = 2.0
HEALTH_SHARED_SECONDS = _scaled(1)

# Django

PLATFORM = ["storychain", "storychain.cache", "storychain.queues", "storychain.schedules"]
# In the order of docs/architecture.md, bottom up. An app stands here as soon as it can be imported.
FEATURES = [
    "apps.maintenance",
    "apps.notifications",
    "apps.search",
    "apps.analytics",
    "apps.exports",
    "apps.imports",
    "apps.emails",
    "apps.moderation",
    "apps.reading",
    "apps.comments",
    "apps.votes",
    "apps.collaboration",
    "apps.autosaves",
    "apps.bookmarks",
    "apps.follows",
    "apps.pulls",
    "apps.chapters",
    "apps.stories",
    "apps.access",
    "apps.users",
]
INSTALLED_APPS = [
    "storychain.ops.apps.OperationsConfig",  # django.contrib.admin on a site of our own
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    *PLATFORM,
    *FEATURES,
]

MIDDLEWARE = [
    "storychain.observability.requests.request_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "storychain.api.throttling.throttling_middleware",
    "storychain.api.handlers.ProblemMiddleware",
]
CSRF_FAILURE_VIEW = "storychain.api.handlers.csrf_failure"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # straight from the packages: nothing to collect, nothing to go stale
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# The API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["storychain.api.authentication.ClerkAuthentication"],
    "UNAUTHENTICATED_USER": "storychain.api.authentication.Caller",
    "DEFAULT_PARSER_CLASSES": ["storychain.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["storychain.api.throttling.CallerThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "storychain.api.handlers.handle_exception",
    "URL_FORMAT_OVERRIDE": None,  # ?format= belongs to the exports
}
SPECTACULAR_SETTINGS = {
    "TITLE": "StoryChain",
    "DESCRIPTION": "Branching stories, written together.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "storychain.api.schema.complete_schema",
    ],
    "ENUM_NAME_OVERRIDES": {"StoryRoleEnum": "apps.collaboration.limits.ROLES"},
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
