"""What `manage.py doctor` looks at: one function per part, which says what it found.

Each takes {variable: URL} of the servers in use and returns a line; it raises Ailing, or whatever
error the part's own client raises, when the part would not do.
"""

import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

import pymongo
import redis
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.mail import get_connection
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from packaging.requirements import Requirement

from storychain import cluster
from storychain.announcement import Site
from storychain.embedded_home import running_urls
from storychain.stack import check_port
from storychain.storage import check_storage

Urls = Mapping[str, str]
ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
NEEDED_BYTES = 2**30
MISSING = "missing"
SIGNS = {"Chinese": "中", "Japanese": "あ", "Korean": "한", "emoji": "😀"}
PATIENCE_SECONDS = 3


class Ailing(Exception):
    """A part answers, but would not do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One part: how to look at it, and what to do if it is not well."""

    part: str
    look: Callable[[Urls], str]
    mend: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What was found of one part; `mend` is empty if it is well."""

    part: str
    found: str
    mend: str


def examine(urls: Urls) -> Iterator[Finding]:
    """Look at every part, one after the other; a part that fails hides none of the others."""
    for check in CHECKS:
        try:
            yield Finding(part=check.part, found=check.look(urls), mend="")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a part is its finding
            yield Finding(part=check.part, found=_first_line(error), mend=check.mend)


def _python(_: Urls) -> str:
    if sys.version_info < OLDEST_PYTHON:
        raise Ailing(f"Python {sys.version.split()[0]} is too old")
    return f"Python {sys.version.split()[0]}"


def _packages(_: Urls) -> str:
    pins = list(_pins((ROOT / "requirements.txt").read_text()))
    wrong = [f"{pin} (not {got})" for pin, got in pins if not _meets(pin, got)]
    if wrong:
        raise Ailing(f"Not as pinned: {', '.join(wrong[:5])}")
    return f"{len(pins)} packages as pinned"


def _pins(text: str) -> Iterator[tuple[Requirement, str]]:
    """Yield every pin meant for this machine, with the version that is installed."""
    for line in re.findall(r"^[A-Za-z0-9][^\\#\n]*", text, re.MULTILINE):
        pin = Requirement(line)
        if not pin.marker or pin.marker.evaluate():
            yield pin, _installed(pin.name)


def _meets(pin: Requirement, installed: str) -> bool:
    """Compare as versions, for which 2.002 is 2.2; what is missing is none."""
    return installed != MISSING and pin.specifier.contains(installed, prereleases=True)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return MISSING


def _redis_info(url: str) -> dict[str, object]:
    """Return what a server says of itself; of a cluster, one of its primaries."""
    if urlsplit(url).scheme in cluster.SCHEMES:
        of_cluster = cluster.connect(
            url, connect_seconds=PATIENCE_SECONDS, seconds=PATIENCE_SECONDS
        )
        with closing(of_cluster):
            node: dict[str, object] = of_cluster.info(target_nodes=cluster.Cluster.RANDOM)
            return node
    with redis.Redis.from_url(url, socket_timeout=PATIENCE_SECONDS) as client:
        info: dict[str, object] = client.info()
        return info


def _redis_cache(urls: Urls) -> str:
    info = _redis_info(urls["REDIS_CACHE_URL"])
    if info["maxmemory_policy"] == "noeviction" or not info["maxmemory"]:
        raise Ailing(f"It never evicts (maxmemory {info['maxmemory']}, {info['maxmemory_policy']})")
    return f"{_name_of(info)}, {info['maxmemory_human']} {info['maxmemory_policy']}"


def _redis_queue(urls: Urls) -> str:
    info = _redis_info(urls["REDIS_QUEUE_URL"])
    if info["maxmemory_policy"] != "noeviction" or not info["aof_enabled"]:
        journal = "with" if info["aof_enabled"] else "without"
        raise Ailing(f"It may lose jobs ({info['maxmemory_policy']}, {journal} append-only file)")
    return f"{_name_of(info)}, noeviction, append-only"


def _name_of(info: Mapping[str, object]) -> str:
    return f"{info.get('server_name', 'redis')} {info.get('valkey_version', info['redis_version'])}"


def _two_redis(urls: Urls) -> str:
    names = ("REDIS_CACHE_URL", "REDIS_QUEUE_URL")
    if len({_redis_info(urls[name])["run_id"] for name in names}) < len(names):
        raise Ailing("Cache and queue are the same server: what evicts would evict jobs")
    return "cache and queue are two servers"


def _mongodb(urls: Urls) -> str:
    client: pymongo.MongoClient[dict[str, object]]
    with pymongo.MongoClient(urls["MONGODB_URI"], timeoutMS=PATIENCE_SECONDS * 1000) as client:
        build, hello = client.admin.command("buildInfo"), client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise Ailing("It is no replica set, so it has no transactions")
    if "secantusVersion" in build:
        return f"stand-in, secantusd {build['secantusVersion']} (development only)"
    return f"MongoDB {build['version']}, replica set {hello.get('setName', '(sharded)')}"


def _sql(_: Urls) -> str:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Ailing("Not all migrations are applied")
    return f"{connection.vendor}, all migrations applied"


def _email(_: Urls) -> str:
    kind: str = settings.EMAIL_BACKEND.removesuffix(".EmailBackend").rpartition(".")[2]
    is_smtp = kind == "smtp"
    with get_connection(timeout=PATIENCE_SECONDS) if is_smtp else get_connection() as connection:
        api_url = urlsplit(getattr(connection, "api_url", ""))
    if api_url.hostname:  # a key can be tried by a mail alone
        _reach(api_url.hostname, api_url.port or {"http": 80}.get(api_url.scheme, 443))
    if (is_smtp or api_url.hostname) and settings.DEFAULT_FROM_EMAIL.endswith("@localhost>"):
        raise Ailing("Mails come from localhost, which nobody takes: set EMAIL_FROM")
    return f"{kind}, from {settings.DEFAULT_FROM_EMAIL}"


def _reach(host: str, port: int) -> None:
    socket.create_connection((host, port), timeout=PATIENCE_SECONDS).close()


def _pandoc(_: Urls) -> str:
    import pypandoc  # noqa: PLC0415 - it looks for pandoc as soon as it is imported

    return f"pandoc {pypandoc.get_pandoc_version()}"


def _files(_: Urls) -> str:
    return check_storage()


def _fonts(_: Urls) -> str:
    """Tell for which signs no PDF can be set; it is no failure, as such an export says so."""
    if not settings.EXPORT_FONTS.is_dir():
        return f"{settings.EXPORT_FONTS} is not there: no PDF in {', '.join(SIGNS)}"
    import typst  # noqa: PLC0415 - only here

    fonts = typst.Fonts(include_system_fonts=False, font_paths=[settings.EXPORT_FONTS])
    text = "".join(f'#"{sign}" ' for sign in SIGNS.values()).encode()
    try:
        typst.compile(text, font_paths=fonts, pdf_standards="a-2b", timestamp=0)
    except typst.TypstError as error:
        lacking = [name for name, sign in SIGNS.items() if f'`"{sign}"`' in error.diagnostic]
        return f"{settings.EXPORT_FONTS}: no PDF in {', '.join(lacking)} (fonts-noto-cjk has them)"
    return f"{settings.EXPORT_FONTS} has {', '.join(SIGNS)}"


def _disk(_: Urls) -> str:
    probe = settings.STORYCHAIN_HOME / "doctor.probe"
    probe.write_text("")
    probe.unlink()
    free = shutil.disk_usage(settings.STORYCHAIN_HOME).free
    if free < NEEDED_BYTES:
        raise Ailing(f"{free // 2**20} MB are free for {settings.STORYCHAIN_HOME}")
    return f"{free // 2**30} GB free for {settings.STORYCHAIN_HOME}"


def _clerk(_: Urls) -> str:
    if not settings.CLERK_JWKS_URL:
        return "local key set (`manage.py mint_token`)"
    import jwt  # noqa: PLC0415

    keys = jwt.PyJWKClient(settings.CLERK_JWKS_URL, timeout=PATIENCE_SECONDS).get_signing_keys()
    secrets = len(settings.CLERK_WEBHOOK_SECRETS) or "no"
    return f"{len(keys)} keys at {settings.CLERK_JWKS_URL}, {secrets} webhook secrets"


def _static(_: Urls) -> str:
    for path in ("admin/css/base.css", "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css"):
        if not finders.find(path):
            raise Ailing(f"{path} is missing")
    return "served from the packages"


def _port(_: Urls) -> str:
    site = Site.of(settings)
    if running_urls(home=site.home):
        return f"{site.port}, with `make run` running"
    check_port(site)
    return f"{site.port} is free"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].split(" (configured timeouts")[0]


CHECKS = (
    Check(part="Python", look=_python, mend="`make clean run` with a newer one: PYTHON=python3.13"),
    Check(part="Packages", look=_packages, mend="`make install`"),
    Check(
        part="Redis, cache",
        look=_redis_cache,
        mend="Start it, or mend or unset REDIS_CACHE_URL; it needs a maxmemory and allkeys-lfu.",
    ),
    Check(
        part="Redis, queue",
        look=_redis_queue,
        mend="Start it, or mend or unset REDIS_QUEUE_URL; it needs noeviction and appendonly yes.",
    ),
    Check(part="Two Redis", look=_two_redis, mend="Give REDIS_QUEUE_URL a server of its own."),
    Check(
        part="MongoDB",
        look=_mongodb,
        mend="Start it, or mend or unset MONGODB_URI; it needs --replSet and rs.initiate().",
    ),
    Check(part="SQL", look=_sql, mend="Mend DATABASE_URL, then `manage.py migrate` or `make run`."),
    Check(
        part="E-mail",
        look=_email,
        mend="Mend EMAIL_URL (and EMAIL_FROM), or unset it to print e-mails.",
    ),
    Check(part="pandoc", look=_pandoc, mend="`make install` (it comes with pypandoc-binary)."),
    Check(
        part="Exports' files",
        look=_files,
        mend="Mend EXPORT_ROOT, or EXPORT_STORAGE_URL and the keys of its bucket.",
    ),
    Check(
        part="Exports' fonts",
        look=_fonts,
        mend="`make install`, or set EXPORT_FONTS to a folder of fonts.",
    ),
    Check(part="Disk", look=_disk, mend="Free some space, or set STORYCHAIN_HOME elsewhere."),
    Check(part="Clerk", look=_clerk, mend="Mend CLERK_JWKS_URL, or unset it to use local keys."),
    Check(part="Static files", look=_static, mend="`make install`"),
    Check(part="Port", look=_port, mend="Stop what uses it, or set PORT (and HOST)."),
)
