"""JSON request bodies: read once and with care, changed by single fields, written canonically."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from bursar.errors import InvalidRequest

# JSON of this size takes 1 to 2 ms to decode with all its fields: more is for a thread.
LOOP_BYTES_MAX = 256 * 1024

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = "dict[str, Json]"

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY = msgspec.json.Decoder()
_CANONICAL = msgspec.json.Encoder(order="sorted")
_PLAIN = msgspec.json.Encoder()


def decode(body: bytes) -> JsonObject:
    """The fields of a request.

    Raises InvalidRequest when it is no JSON object, or when it names a field twice: which of the
    two counts differs between readers, so another `model` could be served than is accounted for.
    """
    fields = _decode_fields(body)
    if _may_name_a_field_twice(body, fields):
        _refuse_repeated_fields(body)
    try:
        known: JsonObject = _ANY.decode(body)
    except RecursionError:
        raise InvalidRequest.of("body", "nested too deeply", "nest less") from None
    return known


def decode_embedded(text: str, field_path: str) -> JsonObject:
    """A JSON object that came as a string; empty stands for {}. Raises InvalidRequest."""
    value = decode_object(text.encode() or b"{}")
    if value is None:
        raise InvalidRequest.of(field_path, "not a JSON object", "write a JSON object")
    return value


def decode_object(text: bytes) -> JsonObject | None:
    """A JSON object, or None for all that is not one: for what comes from a provider."""
    try:
        value = _ANY.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def encode(value: Json) -> bytes:
    """Compact JSON, fields in their own order."""
    return _PLAIN.encode(value)


def with_fields(body: bytes, fields: Mapping[str, Json]) -> bytes:
    """`body` with these fields set at the top; every other value keeps its very bytes."""
    known = _decode_fields(body)
    for name, value in fields.items():
        known[name] = msgspec.Raw(_PLAIN.encode(value))
    return _PLAIN.encode(known)


def canonical(fields: Mapping[str, Json]) -> bytes:
    """The same bytes for the same meaning: keys sorted at every depth, no spaces, no needless
    escapes, and at the top 1.0 written as 1, for `temperature` comes either way.
    """
    return _CANONICAL.encode({name: _as_whole(value) for name, value in fields.items()})


def _as_whole(value: Json) -> Json:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def text_field(fields: JsonObject, name: str, remedy: str) -> str:
    """A string that has to be there and not empty."""
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidRequest.of(name, _shown(value), remedy)
    return value


def list_field(fields: JsonObject, name: str, remedy: str) -> list[Json]:
    """A list that has to be there and not empty. Its content is not shown: it is the prompt."""
    value = fields.get(name)
    if not isinstance(value, list) or not value:
        raise InvalidRequest.of(name, "missing" if value is None else "not such a list", remedy)
    return value


def count_field(fields: JsonObject, name: str) -> int | None:
    """A whole number of at least 1, or None where it is left out or null."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidRequest.of(name, _shown(value), "give a whole number of at least 1")
    return value


def number_field(fields: JsonObject, name: str) -> float | None:
    """A number, or None where it is left out or null."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidRequest.of(name, _shown(value), "give a number")
    return float(value)


def flag_field(fields: JsonObject, name: str) -> bool:
    """True or false; false where it is left out or null."""
    value = fields.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InvalidRequest.of(name, _shown(value), "give true or false")
    return value


def _shown(value: Json) -> str:
    """What may be repeated in an error: numbers and flags. Anything longer could be content."""
    if value is None:
        return "missing"
    return repr(value) if isinstance(value, int | float) else f"a {type(value).__name__}"


def _decode_fields(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _FIELDS.decode(body)
    except (msgspec.DecodeError, RecursionError) as broken:
        raise InvalidRequest.of("body", "not a JSON object", f"send JSON: {broken}") from None


def _may_name_a_field_twice(body: bytes, fields: Mapping[str, msgspec.Raw]) -> bool:
    """Whether `body` is more than these fields written compactly, as the official SDKs send it, or
    with a space after each mark, as Python's json does. Neither pays for the slow look.
    """
    names_bytes = len("".join(fields).encode()) + 4 * len(fields)
    values_bytes = sum(memoryview(raw).nbytes for raw in fields.values())
    spare_bytes = len(body) - names_bytes - values_bytes - 1
    if spare_bytes <= 0:
        return False
    if spare_bytes != 2 * len(fields) - 1:
        return True
    members = (b'"%b": %b' % (name.encode(), bytes(raw)) for name, raw in fields.items())
    return body != b"{%b}" % b", ".join(members)


def _refuse_repeated_fields(body: bytes) -> None:
    outermost: list[str] = []

    def note(pairs: list[tuple[str, object]]) -> None:
        outermost[:] = [name for name, _ in pairs]  # the last object to close is the outermost

    try:
        json.loads(body, object_pairs_hook=note)
    except RecursionError:
        raise InvalidRequest.of("body", "nested too deeply", "nest less") from None
    for place, name in enumerate(outermost):
        if name in outermost[:place]:
            raise InvalidRequest.of(name, "given twice", "give each field once")
