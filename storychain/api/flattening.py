"""REST framework's nested errors as flat paths: `settings.genres.0` to its reasons."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.encoding import force_str
from rest_framework.settings import api_settings

from storychain.api.strict_json import BODY, join_path


def flatten_errors(errors: Any) -> dict[str, list[str]]:
    """Return the reasons by place; what is wrong with a whole object stands at its own place."""
    flat: dict[str, list[str]] = {}
    for path, reason in _reasons(errors, ""):
        flat.setdefault(path or BODY, []).append(reason)
    return flat


def _reasons(errors: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(errors, Mapping):
        for name, below in errors.items():
            is_whole = name == api_settings.NON_FIELD_ERRORS_KEY
            yield from _reasons(below, path if is_whole else join_path(path, name))
    elif isinstance(errors, list | tuple):
        for index, below in enumerate(errors):
            is_item = isinstance(below, Mapping | list)
            yield from _reasons(below, join_path(path, index) if is_item else path)
    else:
        yield path, force_str(errors)
