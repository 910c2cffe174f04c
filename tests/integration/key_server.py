"""A key server as Clerk has one, on loopback, and the tokens that it vouches for."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://clerk.storychain.test"
PARTY = "https://storychain.test"


@cache
def private_key(name: str = "first") -> rsa.RSAPrivateKey:
    """Return a key pair by its name, the same in the whole run; only "small" is a weak one."""
    bits = 1024 if name == "small" else 2048
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public_jwk(name: str = "first", **more: Any) -> dict[str, Any]:
    """Return the public key as a key server shows it."""
    jwk = RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True)
    return {**jwk, "kid": name, "use": "sig", "alg": "RS256", **more}


def claims(**changed: Any) -> dict[str, Any]:
    """Return the claims of a session; None takes one away."""
    now = int(time.time())
    whole = {
        "iss": ISSUER,
        "azp": PARTY,
        "sub": "user_of_clerk",
        "sid": "sess_1",
        "iat": now - 10,
        "nbf": now - 10,
        "exp": now + 60,
        **changed,
    }
    return {name: value for name, value in whole.items() if value is not None}


def issue(*, key: str = "first", kid: str | None = None, **changed: Any) -> str:
    """Return a signed token with these claims changed."""
    headers = {"kid": kid or key}
    return jwt.encode(claims(**changed), private_key(key), algorithm="RS256", headers=headers)


class KeyServer:
    """What it answers, and how often it was asked."""

    def __init__(self) -> None:
        self.keys: list[Any] = [public_jwk()]
        self.raw: bytes | None = None
        self.status = 200
        self.fetches = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.path = f"/{uuid4().hex}/jwks.json"
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}{self.path}"

    def answer(self) -> tuple[int, bytes]:
        """Count, wait until it may answer, and return status and body."""
        with self._lock:
            self.fetches += 1
        self.may_answer.wait(10)
        return self.status, self.raw or json.dumps({"keys": self.keys}).encode()

    port = 0


@contextmanager
def running() -> Iterator[KeyServer]:
    """Run one on a free port."""
    server = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = server.answer()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", server.url)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.may_answer.set()
        http.shutdown()
        http.server_close()
        thread.join()
