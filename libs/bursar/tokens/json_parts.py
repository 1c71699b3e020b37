"""Reading decoded JSON that may be anything: what is not of the kind asked for reads as empty."""

from __future__ import annotations

import json
from typing import Any, TypeAlias, cast

JsonObject: TypeAlias = "dict[str, Any]"

_EMPTY: JsonObject = {}


def object_of(value: object) -> JsonObject:
    """The object that `value` is, else an empty one."""
    return cast("JsonObject", value) if isinstance(value, dict) else _EMPTY


def objects_in(value: object) -> list[JsonObject]:
    """The objects in the array that `value` is."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def list_of(value: object) -> list[object]:
    """The array that `value` is, else an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str:
    """The string that `value` is, else an empty one."""
    return value if isinstance(value, str) else ""


def json_bytes(value: object) -> bytes:
    """Compact JSON, its letters unescaped as a model would be shown them."""
    import msgspec  # a tenth of the time of json; what has no tools needs neither

    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, TypeError):  # a lone surrogate; a type that JSON has not
        return json.dumps(value, separators=(",", ":"), default=str).encode()


def json_text(value: object) -> str:
    """The same as text."""
    return json_bytes(value).decode()
