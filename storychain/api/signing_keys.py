"""The keys that session tokens are signed with: Clerk's, or a local one where Clerk is not set.

A key set is fetched when a token names a key that is not known, and when the keys have come of
age; at most once every CLERK_JWKS_REFETCH_SECONDS, however many tokens ask for whatever keys. A
key server that is down leaves the known keys valid.
"""

import time
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.algorithms import RSAAlgorithm

from storychain.errors import Unavailable
from storychain.observability.shared_call import SharedCall
from storychain.secrets import read_or_make

ALGORITHM = "RS256"
KEY_BITS = 2048
LOCAL_KEY = "session-key.pem"

Keys = Mapping[str, PyJWK]
log = structlog.get_logger(__name__)


class KeysUnavailable(Unavailable):
    """The key server does not answer, so whether the token holds cannot be told."""

    code, title = "keys-unavailable", "Sign-in cannot be checked right now"


class KeySet:
    """Public keys by id, fetched again when need be."""

    def __init__(self, fetch: Callable[[], Keys]) -> None:
        """Take what fetches the keys; it is called when the first one is wanted."""
        self._fetch = fetch
        self._call = SharedCall(self._renew)
        self._keys: Keys = {}
        self._renewed_at = 0.0

    def find(self, kid: str) -> PyJWK | None:
        """Return the key of this id or None; raise KeysUnavailable if nobody can tell."""
        if kid not in self._keys:
            self._ask_for(kid)
        elif time.monotonic() - self._renewed_at > settings.CLERK_JWKS_MAX_AGE_SECONDS:
            self._call.start(max_age=settings.CLERK_JWKS_REFETCH_SECONDS)
        return self._keys.get(kid)

    def _ask_for(self, kid: str) -> None:
        """Wait for the newest keys; everybody who asks meanwhile waits for the same fetch."""
        # Nobody can sign in without any key, so a first fetch that failed is repeated sooner.
        wait = settings.CLERK_JWKS_REFETCH_SECONDS / (1 if self._keys else 10)
        try:
            self._call.result(max_age=wait, patience=settings.CLERK_JWKS_PATIENCE_SECONDS)
        except Exception as error:
            if kid not in self._keys:
                raise KeysUnavailable from error

    def _renew(self) -> None:
        try:
            self._keys = self._fetch()
        except Exception as error:
            log.warning("signing keys not fetched", error=str(error), kept=len(self._keys))
            raise
        self._renewed_at = time.monotonic()


def find_key(*, kid: str) -> PyJWK | None:
    """Return the public key of this id from Clerk's set or, without Clerk, the local one."""
    source = settings.CLERK_JWKS_URL or str(settings.STORYCHAIN_HOME)
    fetch = _fetch_from if settings.CLERK_JWKS_URL else _read_local
    return _key_sets.setdefault(source, KeySet(partial(fetch, source))).find(kid)


def sign(claims: dict[str, Any]) -> str:
    """Return a session token with these claims, signed with the local key."""
    key = _local_key(settings.STORYCHAIN_HOME)
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": _kid(key)})


_key_sets: dict[str, KeySet] = {}


def _fetch_from(url: str) -> Keys:
    """Fetch a JWK set (RFC 7517) by HTTP and return those of its keys that sign session tokens."""
    client = PyJWKClient(url, cache_jwk_set=False, timeout=settings.CLERK_JWKS_PATIENCE_SECONDS)
    found = PyJWKSet.from_dict(client.fetch_data())
    return {key.key_id: key for key in found if key.key_id and _is_signing_key(key)}


def _is_signing_key(key: PyJWK) -> bool:
    is_rsa = isinstance(key.key, rsa.RSAPublicKey) and key.key.key_size >= KEY_BITS
    return is_rsa and key.algorithm_name == ALGORITHM and key.public_key_use in {None, "sig"}


def _read_local(home: str) -> Keys:
    key = _local_key(Path(home))
    kid = _kid(key)
    jwk = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {kid: PyJWK({**jwk, "kid": kid, "alg": ALGORITHM, "use": "sig"})}


def _kid(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(public).hexdigest()[:16]


def _local_key(home: Path) -> rsa.RSAPrivateKey:
    """Return the local private key, the same one to all processes; the first use makes it."""
    path = home / LOCAL_KEY
    key = _load_key(read_or_make(path=path, make=_make_key))
    if key is None:
        raise ImproperlyConfigured(f"{path} holds no private key; remove it to have one made.")
    return key


@lru_cache(maxsize=1)
def _load_key(pem: str) -> rsa.RSAPrivateKey | None:
    """Return the key in a PEM text, if it is one; kept, as the check of a key takes 50 ms."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except ValueError:
        return None
    return key if isinstance(key, rsa.RSAPrivateKey) else None


def _make_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
