"""Session tokens, against a key server that really answers, fails, hangs and rotates."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.http import HttpResponse
from django.test import Client
from jwt.algorithms import HMACAlgorithm
from pytest_django.fixtures import Settings

from storychain.api import authentication
from tests.integration import key_server
from tests.integration.key_server import ISSUER, PARTY, KeyServer, claims, issue, public_jwk

pytestmark = pytest.mark.urls("tests.integration.edge_urls")


@pytest.fixture
def clerk(settings: Settings) -> Iterator[KeyServer]:
    """A key server that the application trusts."""
    with key_server.running() as server:
        settings.CLERK_JWKS_URL = server.url
        settings.CLERK_ISSUER = ISSUER
        settings.CLERK_AUTHORIZED_PARTIES = [PARTY]
        settings.CLERK_JWKS_REFETCH_SECONDS = 30
        settings.CLERK_JWKS_MAX_AGE_SECONDS = 3600
        settings.CLERK_JWKS_PATIENCE_SECONDS = 2
        yield server


def call(token: str | None, *, path: str = "/api/v1/who", scheme: str = "Bearer") -> HttpResponse:
    headers = {} if token is None else {"Authorization": f"{scheme} {token}"}
    return Client(raise_request_exception=False).get(path, headers=headers)


def segment(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def assert_refused(answer: HttpResponse, *, token: str, says: str = "") -> None:
    assert answer.status_code == 401, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith('Bearer realm="storychain", error="invalid_token"')
    assert says in answer.json()["detail"]
    assert len(token) < 20 or token not in answer.content.decode() + answer["WWW-Authenticate"]


def test_a_valid_token_says_who_calls_and_its_key_is_fetched_once(clerk: KeyServer) -> None:
    for _ in range(3):
        assert call(issue()).json() == {"user_id": "user_of_clerk", "session_id": "sess_1"}
    assert call(issue(), scheme="bearer").json()["user_id"] == "user_of_clerk"
    assert clerk.fetches == 1


def test_who_sends_no_bearer_token_is_anonymous(clerk: KeyServer) -> None:
    for answer in (call(None), call("dXNlcjpwYXNz", scheme="Basic")):
        assert answer.json() == {"user_id": None, "session_id": None}
    closed = call(None, path="/api/v1/closed")
    assert closed.status_code == 401
    assert closed["WWW-Authenticate"] == 'Bearer realm="storychain"'
    assert call(issue(), path="/api/v1/closed").status_code == 200
    assert clerk.fetches == 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"nbf": time.time() + 86_400}, "not valid yet"),
        ({"iat": time.time() + 86_400}, "not valid yet"),
        ({"iss": "https://clerk.elsewhere.test"}, "somebody else"),
        ({"azp": "https://elsewhere.test"}, "party"),
        ({"azp": [PARTY]}, "party"),
        ({"sub": "user\n2"}, "no user"),
        ({"sub": ""}, "no user"),
        ({"sub": 7}, ""),
        ({"sid": ""}, "no session"),
        ({"sid": {"$ne": ""}}, "no session"),
        ({"sts": "pending"}, "not active"),
        ({"exp": "soon"}, ""),
        *(({name: None}, name) for name in ("iss", "azp", "sub", "sid", "iat", "nbf", "exp")),
    ],
)
def test_each_claim_is_checked(clerk: KeyServer, changed: dict[str, Any], says: str) -> None:
    token = issue(**changed)
    assert_refused(call(token), token=token, says=says)


def test_an_expired_token_has_a_code_of_its_own_after_a_small_leeway(clerk: KeyServer) -> None:
    assert call(issue(exp=int(time.time()) - 2)).status_code == 200
    token = issue(exp=int(time.time()) - 60)
    answer = call(token)
    assert_refused(answer, token=token, says="expired")
    assert answer.json()["code"] == "expired-token"


def sign_as(headers: dict[str, Any], *, key: str = "first", algorithm: str = "RS256") -> str:
    return jwt.encode(claims(), key_server.private_key(key), algorithm, headers)


def confuse_algorithms() -> str:
    """A token whose HMAC secret is the public key, which everybody has."""
    public = key_server.private_key().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{segment({'alg': 'HS256', 'kid': 'first'})}.{segment(claims())}"
    algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
    return f"{signed}.{segment(algorithm.sign(signed.encode(), pem))}"


def swap_payload() -> str:
    head, _, tail = issue().split(".")
    return f"{head}.{segment(claims(sub='admin'))}.{tail}"


def unsigned(**header: Any) -> str:
    return f"{segment({'kid': 'first', **header})}.{segment(claims())}."


FORGED: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned(alg="none"),
    "alg NONE": lambda: unsigned(alg="NONE"),
    "no signature": lambda: unsigned(alg="RS256"),
    "HS256 with the public key": confuse_algorithms,
    "another key": lambda: issue(key="other", kid="first"),
    "a key that it brings itself": lambda: sign_as(
        {"jwk": public_jwk("other"), "kid": "first", "jku": "http://127.0.0.1:1/keys"}, key="other"
    ),
    "RS512": lambda: sign_as({"kid": "first"}, algorithm="RS512"),
    "another payload": swap_payload,
    "no kid": lambda: sign_as({}),
    "unknown kid": lambda: issue(kid="nobody"),
    "odd kid": lambda: unsigned(alg="RS256", kid=["first"]) + "AAAA",
    "unknown critical header": lambda: unsigned(alg="RS256", crit=["x"]) + "AAAA",
}


@pytest.mark.parametrize("why", FORGED)
def test_forged_tokens_do_not_hold(clerk: KeyServer, why: str) -> None:
    token = FORGED[why]()
    assert_refused(call(token), token=token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b",
        "a.b.c",
        "...",
        "a b c",
        "é.é.é",
        "null",
        "x" * 9000,
        f"{segment(b'[' * 4000)}.e30.AAAA",
        f"{segment(b'1' * 5000)}.e30.AAAA",
        f"{segment(['RS256'])}.e30.AAAA",
        f"{segment({'alg': {'$ne': 1}})}.e30.AAAA",
        f"{segment({'alg': 'RS256', 'kid': 'first'})}.bm90IGpzb24.AAAA",
    ],
)
def test_garbage_does_not_hold(clerk: KeyServer, token: str) -> None:
    assert_refused(call(token), token=token)


def test_a_rotated_key_is_found_and_a_withdrawn_one_no_longer_holds(
    clerk: KeyServer, settings: Settings
) -> None:
    settings.CLERK_JWKS_REFETCH_SECONDS = 0
    assert call(issue()).status_code == 200
    clerk.keys = [public_jwk("second")]
    assert call(issue(key="second")).status_code == 200
    assert call(issue()).status_code == 401


def test_tokens_with_random_keys_cannot_hammer_the_key_server(
    clerk: KeyServer, settings: Settings
) -> None:
    assert call(issue()).status_code == 200
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: call(issue(kid=uuid4().hex)), range(80)))
    assert {answer.status_code for answer in answers} == {401}
    assert clerk.fetches == 1
    settings.CLERK_JWKS_REFETCH_SECONDS = 0.25
    started = time.monotonic()
    while time.monotonic() - started < 0.6:
        assert call(issue(kid=uuid4().hex)).status_code == 401
    assert clerk.fetches <= 2 + (time.monotonic() - started) / 0.25


def test_whoever_comes_during_a_fetch_shares_it(clerk: KeyServer) -> None:
    clerk.may_answer.clear()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(call, issue()) for _ in range(8)]
        while not clerk.fetches:
            time.sleep(0.01)
        clerk.may_answer.set()
        assert {w.result().status_code for w in waiting} == {200}
    assert clerk.fetches == 1


def test_known_keys_hold_while_the_key_server_is_down(clerk: KeyServer, settings: Settings) -> None:
    assert call(issue()).status_code == 200
    settings.CLERK_JWKS_REFETCH_SECONDS = settings.CLERK_JWKS_MAX_AGE_SECONDS = 0
    clerk.status = 500
    for _ in range(3):
        assert call(issue()).status_code == 200
    unknown = call(issue(key="second"))
    assert unknown.status_code == 503
    assert unknown.json()["code"] == "keys-unavailable"
    assert "Retry-After" in unknown


def test_nobody_waits_long_for_a_key_server_that_hangs(
    clerk: KeyServer, settings: Settings
) -> None:
    assert call(issue()).status_code == 200
    settings.CLERK_JWKS_REFETCH_SECONDS = settings.CLERK_JWKS_MAX_AGE_SECONDS = 0
    settings.CLERK_JWKS_PATIENCE_SECONDS = 0.2
    clerk.may_answer.clear()
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        unknown = list(pool.map(lambda _: call(issue(key="second")), range(16)))
        known = list(pool.map(lambda _: call(issue()), range(16)))
    assert {answer.status_code for answer in unknown} == {503}
    assert {answer.status_code for answer in known} == {200}
    assert time.monotonic() - started < 2


def test_keys_that_came_of_age_are_renewed_behind_the_callers_backs(
    clerk: KeyServer, settings: Settings
) -> None:
    settings.CLERK_JWKS_REFETCH_SECONDS = settings.CLERK_JWKS_MAX_AGE_SECONDS = 0.05
    assert call(issue()).status_code == 200
    clerk.keys = [public_jwk("second")]
    until = time.monotonic() + 5
    while call(issue()).status_code == 200:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert call(issue()).status_code == 401


@pytest.mark.parametrize(
    "served",
    [
        {"raw": b"<html>"},
        {"raw": b"[1]"},
        {"raw": b"\xff\xfe"},
        {"keys": []},
        {"keys": ["x", {"kty": "RSA", "kid": "first"}]},
        {"status": 302},
        {"status": 404},
    ],
)
def test_a_key_server_that_answers_nonsense_counts_as_down(
    clerk: KeyServer, served: dict[str, Any]
) -> None:
    for name, value in served.items():
        setattr(clerk, name, value)
    assert call(issue()).status_code == 503


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "k": segment(b"x" * 32), "kid": "first", "alg": "HS256"},
        public_jwk(use="enc"),
        public_jwk(alg="RS512"),
        public_jwk("small", kid="first"),
    ],
)
def test_only_strong_rsa_signing_keys_are_taken(clerk: KeyServer, key: dict[str, Any]) -> None:
    clerk.keys = [key]
    assert call(issue()).status_code == 401


def test_parties_that_are_not_set_let_nobody_in(clerk: KeyServer, settings: Settings) -> None:
    settings.CLERK_AUTHORIZED_PARTIES = []
    assert call(issue()).status_code == 401


def test_user_loaders_see_the_claims(clerk: KeyServer) -> None:
    seen: list[dict[str, Any]] = []

    def see(claims: dict[str, Any], _view: object) -> None:
        seen.append(claims)

    authentication.register_user_loader(see)
    try:
        call(issue(username="ada"))
        call(None)
        call(issue(kid="nobody"))
    finally:
        authentication._loaders.remove(see)
    assert [(found["sub"], found["username"]) for found in seen] == [("user_of_clerk", "ada")]
