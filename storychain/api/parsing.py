"""What comes in: strict JSON bodies and query parameters, checked by a serializer.

What a serializer does not name is refused by its name, at any depth, so that a typing error is
never silently ignored. Unknown query parameters are ignored, as caches and trackers add them.
"""

from collections.abc import Iterator, Mapping
from types import UnionType
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
ANY_OTHER = serializers.ChoiceField.default_error_messages["invalid_choice"]
TEXT, NUMBER, TRUTH = "Send a text.", "Send a number.", "Send true or false."
# What JSON has for a field: REST framework alone would take 7 for a text and 1 for true.
TYPES: list[tuple[type[Any], type[Any] | UnionType, str]] = [
    (serializers.BooleanField, bool, TRUTH),
    (serializers.IntegerField, int | float, NUMBER),  # 7.0 is whole, 7.5 is refused for itself
    (serializers.FloatField, int | float, NUMBER),
    (serializers.CharField, str, TEXT),
    (serializers.DateTimeField, str, TEXT),
]


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

    With `partial`, fields that are not named are not required. What is of another JSON type than
    its field is refused as such, and never turned into it.
    """
    return _validate(shape(data=request.data, partial=partial), request.data, is_json=True)


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


def _validate(
    serializer: serializers.Serializer[Any], data: object, *, is_json: bool = False
) -> dict[str, Any]:
    """Return what is valid; what came as JSON is held to the JSON types of its fields as well."""
    serializer.is_valid()
    given = list(_given(serializer, data, ""))
    typed = [one for one in given if is_json or isinstance(one[0], serializers.ChoiceField)]
    wrong = {place: [why] for field, item, place in typed if (why := _why_not(field, item))}
    unknown = {place: [UNKNOWN] for field, _, place in given if field is None}
    faults: Fields = {**flatten_errors(serializer.errors), **wrong, **unknown}
    if faults:
        raise Invalid(fields=faults)
    return dict(serializer.validated_data)


def _given(field: object, data: object, path: str) -> Iterator[tuple[object, object, str]]:
    """Yield what was sent at any depth: its field, None if nothing asks for it, and its place."""
    if isinstance(field, serializers.Serializer) and isinstance(data, Mapping):
        known = {name: f for name, f in field.fields.items() if not f.read_only}
        inner = [(known.get(name), value, join_path(path, name)) for name, value in data.items()]
    elif isinstance(field, serializers.ListSerializer | serializers.ListField):
        items = data if isinstance(data, list) else []
        inner = [(field.child, item, join_path(path, at)) for at, item in enumerate(items)]
    else:
        inner = []
    for one in inner:
        yield one
        yield from _given(*one)


def _why_not(field: object, value: object) -> str:
    """Return why a value's type cannot be the field's, "" if it can; null is checked elsewhere."""
    if value is None:
        return ""
    if isinstance(field, serializers.ChoiceField):
        return _why_not_chosen(field, value)
    for kind, taken, why in TYPES:
        if isinstance(field, kind):
            is_truth = isinstance(value, bool) and taken is not bool
            return why if is_truth or not isinstance(value, taken) else ""
    return ""


def _why_not_chosen(field: serializers.ChoiceField, value: object) -> str:
    """Name what may be chosen, unless the field says so in words of its own."""
    is_like_one = type(value) in {type(choice) for choice in field.choices}
    has_own_words = field.error_messages["invalid_choice"] != ANY_OTHER
    if is_like_one and (has_own_words or value in field.choices):
        return ""
    return f"Use one of: {', '.join(map(str, field.choices))}."
