"""Who calls: Clerk's session tokens, or those of the local key set where Clerk is not set.

A token is checked here alone, without asking Clerk: an RS256 signature by a known key, issuer,
authorised party, and the time it holds. Claims: https://clerk.com/docs (session tokens).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import jwt
from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import IsAuthenticated as SignedIn
from rest_framework.permissions import IsAuthenticatedOrReadOnly as SignedInOrReadOnly
from rest_framework.request import Request
from structlog.contextvars import bind_contextvars

from storychain.api.problems import CHALLENGE
from storychain.api.signing_keys import ALGORITHM, find_key, sign
from storychain.errors import Conflict, Invalid, Unauthenticated

__all__ = [
    "Caller",
    "ClerkAuthentication",
    "InvalidToken",
    "SignedIn",
    "SignedInOrReadOnly",
    "mint_token",
    "register_user_loader",
]

LOCAL_ISSUER = "urn:storychain:local"
LOCAL_PARTY = "storychain-local"
LEEWAY_SECONDS = 5
LONGEST_TOKEN = 8192
MOST_MINUTES = 366 * 24 * 60
USER_ID = re.compile(r"[A-Za-z0-9_.@:+-]{1,64}", re.ASCII)
SESSION_ID = re.compile(r"[A-Za-z0-9_.:+-]{1,128}", re.ASCII)
USER_ID_IS = "1 to 64 of A-Z a-z 0-9 _ . @ : + -"
REQUIRED = ["iss", "azp", "sub", "sid", "iat", "nbf", "exp"]
# What is wrong, by PyJWT's exception; the first that fits speaks, so the narrow ones come first.
WHY: list[tuple[type[jwt.PyJWTError], str]] = [
    (jwt.ImmatureSignatureError, "The token is not valid yet."),
    (jwt.InvalidIssuerError, "The token was issued by somebody else."),
    (jwt.InvalidSignatureError, "The token's signature does not match its key."),
    (jwt.InvalidAlgorithmError, f"The token is not signed with {ALGORITHM}."),
    (jwt.DecodeError, "This is not a session token."),
]

Claims = dict[str, Any]
Loader = Callable[[Claims, object], None]
_loaders: list[Loader] = []


class InvalidToken(Unauthenticated):
    """The bearer token does not hold; the detail says why."""

    code, title = "invalid-token", "The session token does not hold"

    @property
    def headers(self) -> dict[str, str]:
        """Return the challenge that says why (RFC 6750, 3); a detail is plain ASCII."""
        why = f'error="invalid_token", error_description="{self.detail}"'
        return {"WWW-Authenticate": f"{CHALLENGE}, {why}"}


class ExpiredToken(InvalidToken):
    """The bearer token held once; a fresh one is called for."""

    code, title = "expired-token", "The session token has expired"


class TokensAreClerks(Conflict):
    """Tokens of our own do not hold where Clerk issues them."""

    code, title = "tokens-are-clerks", "Clerk issues the tokens here"


@dataclass(frozen=True)
class Caller:
    """Who calls; without a user id, somebody who is not signed in."""

    user_id: str | None = None
    session_id: str | None = None

    @property
    def is_authenticated(self) -> bool:
        """Tell whether somebody is signed in; REST framework's permissions ask for it."""
        return self.user_id is not None


class ClerkAuthentication(BaseAuthentication):
    """Makes `request.user` a Caller; who sends no bearer token is anonymous."""

    def authenticate(self, request: Request) -> tuple[Caller, Claims] | None:
        """Return who the token speaks for; raise InvalidToken if it does not hold."""
        token = _bearer_token(request.headers.get("Authorization", ""))
        if token is None:
            return None
        claims = _read_claims(token)
        bind_contextvars(caller=claims["sub"])
        for load in _loaders:
            load(claims, request.parser_context.get("view"))
        return Caller(claims["sub"], claims["sid"]), claims

    def authenticate_header(self, _request: Request) -> str:
        """Return the challenge of a 401."""
        return CHALLENGE


def register_user_loader(load: Loader) -> Loader:
    """Have `load` called with every signed-in caller's claims and the view; usable as decorator.

    It may raise InvalidToken for one who may not call any more, Forbidden for one who may not call
    this view.
    """
    _loaders.append(load)
    return load


def mint_token(*, user_id: str, minutes: float = 60, email: str | None = None) -> str:
    """Return a token of the local key set for this user, in a session of its own.

    `email` becomes the claim by which an account learns its address.
    Raise TokensAreClerks where Clerk is set, Invalid if no user can have this id or no token can
    hold so long; one of less than 0 minutes has expired already.
    """
    if settings.CLERK_JWKS_URL:
        raise TokensAreClerks("CLERK_JWKS_URL is set, so only Clerk's tokens hold; sign in there.")
    if not USER_ID.fullmatch(user_id):
        raise Invalid(f"Use {USER_ID_IS} as the user's id.")
    if not abs(minutes) <= MOST_MINUTES:  # so that NaN is refused as well
        raise Invalid(f"Use at most {MOST_MINUTES} minutes, which is a year.")
    now = int(timezone.now().timestamp())
    return sign(
        {
            "iss": LOCAL_ISSUER,
            "azp": LOCAL_PARTY,
            "sub": user_id,
            "sid": f"sess_{uuid4().hex}",
            "iat": now,
            "nbf": now,
            "exp": now + int(minutes * 60),
            **({"email": email} if email else {}),
        }
    )


def _bearer_token(header: str) -> str | None:
    """Return what follows "Bearer", None for another scheme or no header (RFC 6750, 2.1)."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = token.strip()
    if not token or not token.isascii() or len(token) > LONGEST_TOKEN:
        raise InvalidToken(WHY[-1][1])
    return token


def _read_claims(token: str) -> Claims:
    """Return what a token says, once everything about it has been checked."""
    issuer, parties = _expected()
    try:
        claims: Claims = jwt.decode(
            token,
            _find_key(token),
            algorithms=[ALGORITHM],
            issuer=issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED, "verify_aud": False},
        )
    except jwt.ExpiredSignatureError:
        raise ExpiredToken("The token has expired; get a fresh one.") from None
    except jwt.MissingRequiredClaimError as error:
        raise InvalidToken(f"The token lacks the claim {error.claim}.") from None
    except jwt.PyJWTError as error:
        why = next((said for kind, said in WHY if isinstance(error, kind)), WHY[-1][1])
        raise InvalidToken(why) from None
    _check_session(claims, parties)
    return claims


def _expected() -> tuple[str, tuple[str, ...]]:
    """Return the issuer and the parties whose tokens hold here."""
    if settings.CLERK_JWKS_URL:
        return settings.CLERK_ISSUER, tuple(settings.CLERK_AUTHORIZED_PARTIES)
    return LOCAL_ISSUER, (LOCAL_PARTY,)


def _find_key(token: str) -> jwt.PyJWK:
    header = jwt.get_unverified_header(token)
    if header.get("alg") != ALGORITHM:
        raise jwt.InvalidAlgorithmError
    key = find_key(kid=header.get("kid", ""))
    if key is None:
        raise InvalidToken("The token is signed with a key that is not known here.")
    return key


def _check_session(claims: Claims, parties: tuple[str, ...]) -> None:
    if claims["azp"] not in parties:
        raise InvalidToken("The token was issued to a party that is not authorised here.")
    if not USER_ID.fullmatch(claims["sub"]):
        raise InvalidToken("The token names no user.")
    if not isinstance(claims["sid"], str) or not SESSION_ID.fullmatch(claims["sid"]):
        raise InvalidToken("The token names no session.")
    if claims.get("sts", "active") != "active":
        raise InvalidToken("The token's session is not active yet; finish signing in.")
