"""Every environment variable, read and checked once into one frozen object.

A server's URL that nobody set is that of the embedded server which runs for this STORYCHAIN_HOME;
if none runs, it names a host that cannot exist, so that whoever connects reads which variable is
missing.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar
from urllib.parse import parse_qs, urlsplit

from config.mail import NOWHERE, SERVICES, SMTP, mail_settings
from storychain.embedded_home import home_of, running_urls

ROOT = Path(__file__).resolve().parent.parent

REDIS = ("redis", "rediss", "unix")
CACHES = (*REDIS, "redis+cluster", "rediss+cluster")
BROKERS = (*REDIS, "sentinel", "amqp", "amqps")
MONGODB = ("mongodb", "mongodb+srv")
WRITE_CONCERN = {"w", "journal", "j", "wtimeoutms"}
BUCKET_OPTIONS = {"region", "endpoint"}
SQL = ("sqlite", "postgres", "postgresql")
EMAIL = (*NOWHERE, *SMTP, *SERVICES)
SENDER = re.compile(r"[^\s@<>]+@[^\s@<>]+|[^@<>\x00-\x1f\x7f]+ <[^\s@<>]+@[^\s@<>]+>")
SVIX_SECRET = re.compile(
    r"whsec_(?:[A-Za-z0-9+/]{4}){8,}(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?"
)
HTTP = ("https", "http")
NEED_A_HOST = (
    *HTTP,
    *MONGODB,
    *(scheme for scheme in CACHES if scheme != "unix"),
    *SMTP,
    "s3",
)
PROFILES = ("development", "production-small", "production-medium", "production-large")
QUEUES = ("email", "notification", "analytics", "cleanup", "export")
RATES = (
    "public-read",
    "signed-in-read",
    "write",
    "public-write",
    "fast-write",
    "reaction",
    "critical",
    "webhook",
)
PROXIES, APPEALS = range(10), range(1, 10)
THRESHOLDS = ("backlog", "late", "unattended", "slow", "dead")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("console", "json")
TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
MAX_PORT = 65_535
T = TypeVar("T")


class WrongVariable(Exception):
    """An environment variable holds what cannot be used; reads as one line that names the mend."""

    def __init__(self, *, name: str, value: str, mend: str) -> None:
        """Say which variable, what it holds and what it should hold."""
        shown = re.sub(r"(?<=//)([^@/]*):[^@/]*@", r"\1:***@", value)
        shown = re.sub(r"(\w*(?:key|token|secret|password)=)[^&]*", r"\1***", shown)
        super().__init__(f"{name}={shown!r} cannot be used: {mend}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Env:
    """What the environment says, checked; `settings.py` makes Django's settings of it."""

    home: Path
    profile: str
    redis_cache_url: str
    redis_queue_url: str
    mongodb_uri: str
    celery_broker_url: str
    database_url: str
    email_url: str
    email_from: str
    clerk_jwks_url: str
    clerk_issuer: str
    clerk_authorized_parties: tuple[str, ...]
    clerk_webhook_secrets: tuple[str, ...]
    secret_key: str
    debug: bool
    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    public_url: str
    app_url: str
    key_prefix: str
    time_scale: float
    cache_timeout_seconds: float
    export_root: Path
    queue_alerts: dict[str, float]
    rate_limits: dict[str, int]
    trusted_proxies: int
    appeals_per_ban: int
    export_storage_url: str
    export_fonts: Path
    log_level: str
    log_format: str
    metrics_token: str

    def __post_init__(self) -> None:
        """Refuse Clerk by halves: without these two, no token could hold."""
        needed = {
            "CLERK_ISSUER": self.clerk_issuer,
            "CLERK_AUTHORIZED_PARTIES": self.clerk_authorized_parties,
        }
        for name, value in needed.items():
            if self.clerk_jwks_url and not value:
                raise WrongVariable(
                    name=name, value="", mend="CLERK_JWKS_URL is set, so set this too"
                )

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Env":
        """Return the checked environment; raise WrongVariable at the first that cannot be used."""
        home = home_of(environ)
        given = {name: value.strip() for name, value in environ.items() if value.strip()}
        read = _Reader(running_urls(home=home) | given)
        queue_url = read.url("REDIS_QUEUE_URL", REDIS, _nowhere("redis", "REDIS_QUEUE_URL", "0"))
        host, port = read.text("HOST", "127.0.0.1"), read.port("PORT", 8000)
        public_url = read.url("PUBLIC_URL", HTTP, f"http://localhost:{port}").rstrip("/")
        return cls(
            home=home,
            profile=read.choice("STORYCHAIN_PROFILE", PROFILES, "development"),
            redis_cache_url=read.url(
                "REDIS_CACHE_URL", CACHES, _nowhere("redis", "REDIS_CACHE_URL", "0")
            ),
            redis_queue_url=queue_url,
            mongodb_uri=read.mongodb("MONGODB_URI"),
            celery_broker_url=read.url("CELERY_BROKER_URL", BROKERS, queue_url),
            database_url=read.url("DATABASE_URL", SQL, f"sqlite:///{home / 'sql.sqlite3'}"),
            email_url=read.email("EMAIL_URL"),
            email_from=read.sender("EMAIL_FROM", public_url),
            clerk_jwks_url=read.url("CLERK_JWKS_URL", HTTP, ""),
            clerk_issuer=read.url("CLERK_ISSUER", HTTP, ""),
            clerk_authorized_parties=read.words("CLERK_AUTHORIZED_PARTIES"),
            clerk_webhook_secrets=read.secrets("CLERK_WEBHOOK_SECRETS"),
            secret_key=read.text("SECRET_KEY", ""),
            debug=read.flag("DEBUG"),
            host=host,
            port=port,
            allowed_hosts=read.words("ALLOWED_HOSTS"),
            public_url=public_url,
            app_url=read.url("APP_URL", HTTP, public_url).rstrip("/"),
            key_prefix=read.text("KEY_PREFIX", "sc"),
            time_scale=read.scale("TIME_SCALE"),
            cache_timeout_seconds=read.scale("CACHE_TIMEOUT_SECONDS", 0.15),
            export_root=Path(read.text("EXPORT_ROOT", str(home / "exports")))
            .expanduser()
            .absolute(),
            queue_alerts=read.thresholds("QUEUE_ALERTS"),
            rate_limits=read.limits("RATE_LIMITS"),
            trusted_proxies=read.number(
                "TRUSTED_PROXIES", PROXIES, 0, "the number of proxies before the web processes"
            ),
            appeals_per_ban=read.number(
                "APPEALS_PER_BAN", APPEALS, 2, "how often one may appeal against a ban"
            ),
            export_storage_url=read.bucket("EXPORT_STORAGE_URL"),
            export_fonts=Path(read.text("EXPORT_FONTS", "/usr/share/fonts"))
            .expanduser()
            .absolute(),
            log_level=read.choice("LOG_LEVEL", LOG_LEVELS, "INFO"),
            log_format=read.choice("LOG_FORMAT", LOG_FORMATS, "console"),
            metrics_token=read.text("METRICS_TOKEN", ""),
        )


class _Reader:
    """Reads single variables; each method returns a checked value or raises WrongVariable."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        return self._environ.get(name, default)

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.text(name, "").split(",") if word.strip())

    def secrets(self, name: str) -> tuple[str, ...]:
        """Return secrets as Svix shows them; one that is wrong is not repeated."""
        words = self.words(name)
        if not all(SVIX_SECRET.fullmatch(word) for word in words):
            mend = "use what Clerk shows, whsec_ and base64, with commas between several"
            raise WrongVariable(name=name, value="***", mend=mend)
        return words

    def flag(self, name: str) -> bool:
        return self.choice(name, (*TRUE, *FALSE), "0") in TRUE

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        known = {choice.lower(): choice for choice in choices}
        return self._parse(
            name, default, lambda text: known[text.lower()], f"use one of {', '.join(choices)}"
        )

    def port(self, name: str, default: int) -> int:
        def parse(text: str) -> int:
            return range(MAX_PORT + 1)[int(text)] if int(text) > 0 else _refuse()

        return self._parse(name, str(default), parse, f"use a port number from 1 to {MAX_PORT}")

    def scale(self, name: str, default: float = 1) -> float:
        def parse(text: str) -> float:
            return float(text) if math.isfinite(float(text)) and float(text) > 0 else _refuse()

        return self._parse(name, str(default), parse, "use a number above 0, as 1 or 0.1")

    def thresholds(self, name: str) -> dict[str, float]:
        """Return {"late": 60.0, "export.slow": 300.0} for "late=60 export.slow=300"."""

        def parse(text: str) -> dict[str, float]:
            pairs = (word.split("=") for word in text.split())
            return {_known_threshold(kind): _not_negative(number) for kind, number in pairs}

        mend = f"use words as late=60 or export.slow=300; there are {', '.join(THRESHOLDS)}"
        return self._parse(name, "", parse, mend)

    def limits(self, name: str) -> dict[str, int]:
        """Return {"write": 40} for "write=40"."""

        def parse(text: str) -> dict[str, int]:
            pairs = (word.split("=") for word in text.split())
            return {RATES[RATES.index(kind)]: _at_least_one(number) for kind, number in pairs}

        mend = f"use words as write=40, from 1 a minute; there are {', '.join(RATES)}"
        return self._parse(name, "", parse, mend)

    def number(self, name: str, among: range, default: int, what: str) -> int:
        """Return one of these numbers."""
        mend = f"use {what}, {among[0]} to {among[-1]}"
        return self._parse(name, str(default), lambda text: among[among.index(int(text))], mend)

    def url(self, name: str, schemes: tuple[str, ...], default: str, *, path: str = "") -> str:
        """Return a URL of one of `schemes`; with `path`, one that has such a path."""

        def parse(text: str) -> str:
            parts = urlsplit(text)
            if (
                "," not in parts.netloc and parts.port == 0
            ):  # a list of hosts is its client's affair
                _refuse()
            has_place = parts.netloc or parts.scheme not in NEED_A_HOST
            has_path = parts.path.strip("/") or not path
            usable = not text or (parts.scheme in schemes and has_place and has_path)
            return text if usable else _refuse()

        mend = f"use a URL that begins with {' or '.join(f'{scheme}:' for scheme in schemes)}"
        return self._parse(name, default, parse, mend + (f" and has {path}" if path else ""))

    def mongodb(self, name: str) -> str:
        """Return a URL with a database; every transaction brings a write concern of its own."""
        uri = self.url(
            name,
            MONGODB,
            _nowhere("mongodb", name, "storychain"),
            path="a database name, as in mongodb://host/storychain",
        )
        options = {option.lower() for option in parse_qs(urlsplit(uri).query)}
        if options & WRITE_CONCERN:
            mend = (
                "leave out w, journal and wtimeoutMS: every write is majority with journal anyway"
            )
            raise WrongVariable(name=name, value=uri, mend=mend)
        return uri

    def email(self, name: str) -> str:
        """Return a URL of which `mail_settings` makes settings."""
        url = self.url(name, EMAIL, "console:")

        def parse(text: str) -> str:
            mail_settings(text)
            return text

        mend = "use a timeout of whole seconds, as in ?timeout=10, user and password in ASCII"
        return self._parse(name, url, parse, mend)

    def sender(self, name: str, public_url: str) -> str:
        """Return who mails come from: by default nobody, at the host of the public URL."""
        host = urlsplit(public_url).hostname or ""
        domain = host if re.search(r"[a-z]$", host) else "localhost"

        def parse(text: str) -> str:
            return text if SENDER.fullmatch(text) else _refuse()

        default = f"StoryChain <no-reply@{domain}>"
        return self._parse(
            name, default, parse, "use an address, as in StoryChain <mail@example.org>"
        )

    def bucket(self, name: str) -> str:
        """Return a URL of an S3 bucket, with nothing in it that its store does not take."""
        url = self.url(name, ("s3",), "")
        unknown = set(parse_qs(urlsplit(url).query)) - BUCKET_OPTIONS
        if unknown or "@" in urlsplit(url).netloc:
            mend = "use s3://bucket/folder?region=...&endpoint=..., and AWS_ACCESS_KEY_ID for keys"
            raise WrongVariable(name=name, value=url, mend=mend)
        return url

    def _parse(self, name: str, default: str, parse: Callable[[str], T], mend: str) -> T:
        text = self.text(name, default)
        try:
            return parse(text)
        except (ValueError, LookupError):
            raise WrongVariable(name=name, value=text, mend=mend) from None


def _known_threshold(kind: str) -> str:
    queue, _, of = kind.rpartition(".")
    return kind if of in THRESHOLDS and queue in {"", *QUEUES} else _refuse()


def _at_least_one(number: str) -> int:
    return int(number) if int(number) > 0 else _refuse()


def _not_negative(number: str) -> float:
    return float(number) if math.isfinite(float(number)) and float(number) >= 0 else _refuse()


def _refuse() -> NoReturn:
    raise ValueError


def _nowhere(scheme: str, name: str, path: str) -> str:
    """Return a URL that never resolves (RFC 2606): every error about it names the variable."""
    return f"{scheme}://{name.lower().replace('_', '-')}-is-not-set.invalid/{path}"
