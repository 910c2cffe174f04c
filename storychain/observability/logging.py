"""One log format for every process: Django, gunicorn, Celery and our own commands.

Everything goes through stdlib logging and is rendered by structlog, as JSON lines or for a
terminal. What looks like a secret is masked before it is rendered, tracebacks included.
"""

import re
import sys
from logging import config as stdlib_config
from typing import Any, Literal

import structlog
from django.conf import settings
from structlog.typing import EventDict, Processor, WrappedLogger

from storychain.observability.correlation import add_behalf

MASK = "[hidden]"
SECRET_NAMES = re.compile(
    r"authorization|cookie|token|secret|password|passwd|api_?key", re.IGNORECASE
)
SECRET_TEXTS = re.compile(
    r"(?<=bearer )[^\s'\",]+"
    r"|(?<=basic )[\w+/=-]{8,}"
    r"|eyJ[\w-]{5,}\.[\w-]+\.[\w-]*"
    r"|(?<=://)[^/\s@]*(?=@)"
    r"|(?<=[?&](?:sig|key)=)[^&\s'\"]+"
    r"|(?<=[?&]token=)[^&\s'\"]+"
    r"|(?<=[?&]signature=)[^&\s'\"]+",
    re.IGNORECASE,
)
# Talkative, or doubled by the access line that `requests.py` writes.
QUIET = {
    "django.request": "ERROR",
    "django.security.DisallowedHost": "CRITICAL",
    "pymongo": "WARNING",
    "amqp": "WARNING",
    "PIL": "WARNING",
    "fontTools": "WARNING",
}


def configure_logging(*, style: Literal["json", "console"], level: str) -> dict[str, Any]:
    """Set structlog up and return the matching dictionary for `logging.config.dictConfig`.

    `level` is the root's. `config/settings.py` makes it `LOGGING`; Django applies that in every
    process which calls `django.setup()`.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_enriching(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    passed_on = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"one": _formatter(style)},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "one"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            **dict.fromkeys(("django", "django.server", "celery", "py.warnings"), passed_on),
            **{name: {**passed_on, "level": level} for name, level in QUIET.items()},
        },
    }


def apply_logging() -> None:
    """Give this process the settings' format; for servers that set up logging of their own."""
    stdlib_config.dictConfig(settings.LOGGING)


def hide_secrets(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Mask what is named like a secret, and what looks like one inside any text."""
    return {name: _masked(name, value) for name, value in event.items()}


def mask_secrets(text: str) -> str:
    """Return the text with tokens, and logins in URLs, masked."""
    return SECRET_TEXTS.sub(MASK, text)


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, str | bytes | list | tuple | dict) and SECRET_NAMES.search(name):
        return MASK
    if isinstance(value, str):
        return mask_secrets(value)
    if isinstance(value, dict):
        return {key: _masked(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", item) for item in value]
    return value


def _enriching() -> list[Processor]:
    """Return what every line goes through, ours and that of foreign libraries."""
    return [
        structlog.contextvars.merge_contextvars,
        add_behalf,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(style: str) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*_enriching(), structlog.stdlib.ExtraAdder()],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer() if style == "json" else _console(),
        ],
    }


def _console() -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
