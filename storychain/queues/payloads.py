"""What a job takes and returns, read from its function's signature and checked with msgspec."""

import inspect
from collections.abc import Callable
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from storychain.errors import Invalid

Check = Callable[..., None]

MOST_BYTES = 64 * 1024
UNFIT = (msgspec.ValidationError, TypeError, ValueError, OverflowError, RecursionError)
OPTIONS = frozenset({"job_id", "delay", "priority", "schedule", "slot"})


class BadPayload(Invalid):
    """A job was given what its function does not take, or too much of it."""

    code, title = "bad-payload", "The job cannot be given this payload"


class Payload:
    """The keyword arguments of one job's function, as JSON on the wire."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        job_name: str,
        check: Check | None = None,
        is_batched: bool = False,
    ) -> None:
        """Read the signature; raise TypeError unless all of it is annotated and keyword-only.

        `check` is given what has the right types, and raises ValueError for what else is wrong.
        A batched job's function takes a list of a msgspec Struct, whose fields are the arguments
        of one run, and returns a list of results.
        """
        self._job_name, self._check = job_name, check
        read = _read_batch if is_batched else _read_signature
        self._type, self._result_type = read(function)
        self._decoder = msgspec.json.Decoder(self._type)

    def encode(self, args: dict[str, Any]) -> bytes:
        """Return the arguments as JSON; raise BadPayload with the field and what it takes."""
        try:
            converted = msgspec.convert(args, self._type)
            self._checked(converted)
            encoded = msgspec.json.encode(converted)
            if b"null" in encoded:
                self._decoder.decode(encoded)  # JSON has no NaN: it became null
        except UNFIT as error:
            raise BadPayload(f"{self._job_name}: {error}") from None
        if len(encoded) > MOST_BYTES:
            raise BadPayload(
                f"{self._job_name}: {len(encoded):,} bytes as JSON; at most {MOST_BYTES:,}"
                " are taken: store it, and hand over where."
            )
        return encoded

    def decode(self, encoded: bytes | str) -> dict[str, Any]:
        """Return the arguments with their types; raise BadPayload if they are not what is taken."""
        return _args_of(self.decode_struct(encoded))

    def decode_struct(self, encoded: bytes | str) -> msgspec.Struct:
        """Return the same as one value: what a batched job's function takes a list of."""
        try:
            decoded: msgspec.Struct = self._decoder.decode(encoded)
            self._checked(decoded)
        except (msgspec.DecodeError, ValueError) as error:
            raise BadPayload(f"{self._job_name}: {error}") from None
        return decoded

    def _checked(self, payload: msgspec.Struct) -> None:
        if self._check is not None:
            self._check(**_args_of(payload))

    def encode_result(self, result: object) -> str:
        """Return the result as JSON; raise BadPayload if the function returned another type."""
        try:
            return msgspec.json.encode(msgspec.convert(result, self._result_type)).decode()
        except (msgspec.ValidationError, TypeError) as error:
            raise BadPayload(f"{self._job_name} returned something else: {error}") from None


def _args_of(payload: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(payload, name) for name in payload.__struct_fields__}


def _read_batch(function: Callable[..., Any]) -> tuple[type[msgspec.Struct], Any]:
    hints = get_type_hints(function, include_extras=True)
    (taken, *_), returned = hints.values(), hints.get("return", None)
    if len(hints) != 2 or get_origin(taken) is not list or get_origin(returned) is not list:  # noqa: PLR2004 - one in, one out
        raise TypeError(f"{function.__qualname__}: a batched job takes a list and returns one")
    return get_args(taken)[0], get_args(returned)[0]


def _read_signature(function: Callable[..., Any]) -> tuple[type[msgspec.Struct], Any]:
    hints, fields, is_open = get_type_hints(function, include_extras=True), [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            is_open = True
        else:
            fields.append(_field(function, parameter, hints))
    shape = msgspec.defstruct(
        function.__name__, fields, kw_only=True, forbid_unknown_fields=not is_open
    )
    return shape, hints.get("return", Any)


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
