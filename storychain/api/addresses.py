"""Whence a request comes."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

NET = 64  # of an IPv6 address, the bits that one household has


def address_of(request: HttpRequest) -> str:
    """Return whence a request comes; of an IPv6 address the net that one household has.

    TRUSTED_PROXIES stand in front of us: each adds to X-Forwarded-For whence it was called, and
    only what they have added is believed.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    hops = settings.TRUSTED_PROXIES
    passed_on = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",") if hops else []
    return _net_of(passed_on[-hops].strip() if 0 < hops <= len(passed_on) else direct) or direct


@lru_cache(maxsize=4096)
def _net_of(text: str) -> str | None:
    try:
        address = ip_address(_without_port(text))
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((int(address), NET), strict=False))


def _without_port(text: str) -> str:
    """Return an address alone: some proxies add the port, of which each connection has another."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
