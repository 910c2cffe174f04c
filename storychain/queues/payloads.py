"""What a job takes and returns, read from its function's signature and checked with msgspec."""

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec

from storychain.errors import Invalid

Check = Callable[..., None]

MOST_BYTES = 64 * 1024
OPTIONS = frozenset({"job_id", "delay", "priority", "schedule", "slot"})


class BadPayload(Invalid):
    """A job was given what its function does not take, or too much of it."""

    code, title = "bad-payload", "The job cannot be given this payload"


class Payload:
    """The keyword arguments of one job's function, as JSON on the wire."""

    def __init__(
        self, function: Callable[..., Any], *, job_name: str, check: Check | None = None
    ) -> None:
        """Read the signature; raise TypeError unless all of it is annotated and keyword-only.

        `check` is given what has the right types, and raises ValueError for what else is wrong.
        """
        self._job_name, self._check = job_name, check
        self._type = _read_signature(function)
        self._decoder = msgspec.json.Decoder(self._type)
        self._result_type = get_type_hints(function).get("return", Any)

    def encode(self, args: dict[str, Any]) -> bytes:
        """Return the arguments as JSON; raise BadPayload with the field and what it takes."""
        try:
            converted = msgspec.convert(args, self._type)
            self._checked(converted)
            encoded = msgspec.json.encode(converted)
        except (msgspec.ValidationError, TypeError, ValueError, OverflowError) as error:
            raise BadPayload(f"{self._job_name}: {error}") from None
        if len(encoded) > MOST_BYTES:
            raise BadPayload(
                f"{self._job_name}: {len(encoded):,} bytes as JSON; at most {MOST_BYTES:,}"
                " are taken: store it, and hand over where."
            )
        return encoded

    def decode(self, encoded: bytes | str) -> dict[str, Any]:
        """Return the arguments with their types; raise BadPayload if they are not what is taken."""
        try:
            return self._checked(self._decoder.decode(encoded))
        except (msgspec.DecodeError, ValueError) as error:
            raise BadPayload(f"{self._job_name}: {error}") from None

    def _checked(self, payload: msgspec.Struct) -> dict[str, Any]:
        args = {name: getattr(payload, name) for name in self._type.__struct_fields__}
        if self._check is not None:
            self._check(**args)
        return args

    def encode_result(self, result: object) -> str:
        """Return the result as JSON; raise BadPayload if the function returned another type."""
        try:
            return msgspec.json.encode(msgspec.convert(result, self._result_type)).decode()
        except (msgspec.ValidationError, TypeError) as error:
            raise BadPayload(f"{self._job_name} returned something else: {error}") from None


def _read_signature(function: Callable[..., Any]) -> type[msgspec.Struct]:
    hints, fields, is_open = get_type_hints(function), [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            is_open = True
        else:
            fields.append(_field(function, parameter, hints))
    return msgspec.defstruct(
        function.__name__, fields, kw_only=True, forbid_unknown_fields=not is_open
    )


def _field(
    function: Callable[..., Any], parameter: inspect.Parameter, hints: dict[str, Any]
) -> tuple[Any, ...]:
    name = parameter.name
    if parameter.kind is not parameter.KEYWORD_ONLY or name not in hints or name in OPTIONS:
        raise TypeError(
            f"{function.__qualname__}: {name} must be keyword-only, annotated, and none of"
            f" {', '.join(sorted(OPTIONS))}"
        )
    if parameter.default is parameter.empty:
        return name, hints[name]
    return name, hints[name], parameter.default
