"""What comes in: strict JSON bodies and query parameters, checked by a serializer.

What a serializer does not name is refused by its name, at any depth, so that a typing error is
never silently ignored. Unknown query parameters are ignored, as caches and trackers add them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from storychain.api.flattening import flatten_errors
from storychain.api.strict_json import find_faults, join_path, parse_json
from storychain.errors import Fields, Invalid, StorychainError

LARGEST_BODY = 1_000_000
IDENTITY = ("", "identity")
UNKNOWN = "There is no such field."


class BodyTooLarge(StorychainError):
    """The body is longer than any that is taken."""

    status, code, title = 413, "body-too-large", "The body is too large"


class UnsupportedEncoding(UnsupportedMediaType):
    """The body is compressed, which none may be."""


class RawJSONParser(BaseParser):
    """Bodies of up to LARGEST_BODY bytes as they come, for whoever checks a signature first."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the body's bytes; raise BodyTooLarge."""
        request: Request = parser_context["request"]
        if request.headers.get("Content-Encoding", "").lower() not in IDENTITY:
            raise UnsupportedEncoding(request.headers["Content-Encoding"])
        raw = stream.read(LARGEST_BODY + 1)
        if len(raw) > LARGEST_BODY:
            raise BodyTooLarge(f"Send at most {LARGEST_BODY:,} bytes.")
        return raw


class StrictJSONParser(RawJSONParser):
    """REST framework's way to `parse_json`."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return the body's JSON; raise BodyTooLarge or BadJson."""
        return parse_json(super().parse(stream, media_type, parser_context))


def read_input(
    shape: type[serializers.Serializer[Any]], request: Request, *, partial: bool = False
) -> dict[str, Any]:
    """Return the body as this serializer validates it; raise Invalid that names every fault.

    With `partial`, fields that are not named are not required.
    """
    return _validate(shape(data=request.data, partial=partial), request.data)


def check_input(
    shape: type[serializers.Serializer[Any]], data: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what was sent earlier, or in parts, as this serializer validates it; raise Invalid."""
    return _validate(shape(data=data), data)


def read_query(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the query parameters that this serializer names; raise Invalid that names the faults.

    An empty parameter counts as not given, one that is repeated is refused unless it is a list.
    """
    fields = shape().fields
    given = {name: _query_value(request, name, field) for name, field in fields.items()}
    data = {name: value for name, value in given.items() if value}
    if faults := find_faults(data):
        raise Invalid("A parameter holds what no text may hold.", fields=faults)
    return check_input(shape, data)


def single_value(request: Request, name: str) -> str:
    """Return a query parameter, "" if it is not there; raise Invalid if it is there twice."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise Invalid("A parameter is repeated.", fields={name: ["Give it once."]})
    return values[0] if values else ""


def _query_value(request: Request, name: str, field: object) -> str | list[str]:
    if isinstance(field, serializers.ListField | serializers.MultipleChoiceField):
        return request.query_params.getlist(name)
    return single_value(request, name)


def _validate(serializer: serializers.Serializer[Any], data: object) -> dict[str, Any]:
    serializer.is_valid()
    unknown = {path: [UNKNOWN] for path in _unknown_names(serializer, data, "")}
    faults: Fields = {**flatten_errors(serializer.errors), **unknown}
    if faults:
        raise Invalid(fields=faults)
    return dict(serializer.validated_data)


def _unknown_names(field: object, data: object, path: str) -> Iterator[str]:
    """Find what was sent and is not asked for, at any depth."""
    if isinstance(field, serializers.Serializer) and isinstance(data, Mapping):
        known = {name: f for name, f in field.fields.items() if not f.read_only}
        for name, value in data.items():
            place = join_path(path, name)
            if name in known:
                yield from _unknown_names(known[name], value, place)
            else:
                yield place
    elif isinstance(field, serializers.ListSerializer | serializers.ListField):
        items = data if isinstance(data, list) else []
        for index, item in enumerate(items):
            yield from _unknown_names(field.child, item, join_path(path, index))
