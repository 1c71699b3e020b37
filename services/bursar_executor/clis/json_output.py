"""JSON as CLIs write it: one object a line, one list, or one document among other lines."""

from __future__ import annotations

from bursar.dialects.body import Json, JsonObject, decode_object


def events_in(stdout: str) -> list[JsonObject]:
    """The objects of each line, and those of a list that stands on a line; other lines are left
    out.
    """
    found: list[JsonObject] = []
    for line in map(str.strip, stdout.splitlines()):
        if line.startswith("["):
            listed = (decode_object(b'{"events":' + line.encode() + b"}") or {}).get("events")
            found += objects(listed)
        elif line.startswith("{"):
            event = decode_object(line.encode())
            if event is not None:
                found.append(event)
    return found


def document_in(stdout: str) -> JsonObject:
    """The object that begins on a line of its own and goes on to the end; empty without one."""
    _, begun, rest = ("\n" + stdout).partition("\n{")
    return decode_object(f"{{{rest}".encode()) or {} if begun else {}


def objects(value: Json) -> list[JsonObject]:
    """The objects of a list; nothing for what is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def object_at(value: JsonObject, *names: str) -> JsonObject:
    """The object at the end of that way; empty where there is none."""
    at: Json = value
    for name in names:
        at = at.get(name) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else {}


def text_at(value: JsonObject, name: str) -> str:
    """A string; empty for anything else."""
    text = value.get(name)
    return text if isinstance(text, str) else ""


def count_at(value: JsonObject, name: str) -> int:
    """A whole number of at least 0; 0 for anything else."""
    count = value.get(name)
    is_count = isinstance(count, int) and not isinstance(count, bool)
    return max(0, count) if is_count and isinstance(count, int) else 0
