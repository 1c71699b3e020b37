"""The blocks of a request to Anthropic, in the order in which its prompt cache sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from bursar.dialects.body import Json, JsonObject, canonical


class Place(NamedTuple):
    """A block by how much of each part stands up to its end."""

    tools: int
    system: int = 0
    messages: int = 0
    content: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """One block, the hash of everything up to its end, and how long its mark keeps that."""

    place: Place
    digest: bytes
    lifetime: str
    """`5m`, `1h`, or empty without a mark."""


def marks_in(request: JsonObject) -> int:
    """How many blocks carry `cache_control`."""
    return sum(1 for block in blocks_of(request, b"") if block.lifetime)


def blocks_of(request: JsonObject, scope: bytes) -> Iterator[Block]:
    """Every block. A mark of the request itself is one of its last block."""
    running = sha256(scope)
    pieces = list(_pieces(request))
    for number, (place, content) in enumerate(pieces, start=1):
        mark = content.get("cache_control")
        if mark is None and number == len(pieces):
            mark = request.get("cache_control")
        bare = {name: value for name, value in content.items() if name != "cache_control"}
        running.update(canonical(bare) + b"\n")
        yield Block(place, running.copy().digest(), _lifetime(mark))


def cut_after(request: JsonObject, place: Place) -> JsonObject:
    """The request up to the end of that block."""
    cut: JsonObject = {
        "tools": _list(request.get("tools"))[: place.tools],
        "system": list[Json](_as_blocks(request.get("system"))[: place.system]),
    }
    if place.messages:
        messages = _messages(request)
        last = messages[place.messages - 1]
        content = list[Json](_as_blocks(last.get("content"))[: place.content])
        whole = list[Json](messages[: place.messages - 1])
        cut["messages"] = [*whole, {**last, "content": content}]
    return cut


def _pieces(request: JsonObject) -> Iterator[tuple[Place, JsonObject]]:
    tools, system = _list(request.get("tools")), _as_blocks(request.get("system"))
    for number, tool in enumerate(tools, start=1):
        if isinstance(tool, dict):
            yield Place(number), tool
    for number, block in enumerate(system, start=1):
        yield Place(len(tools), number), block
    for turn, message in enumerate(_messages(request), start=1):
        for number, block in enumerate(_as_blocks(message.get("content")), start=1):
            said = {"role": message.get("role"), **block}
            yield Place(len(tools), len(system), turn, number), said


def _lifetime(mark: Json) -> str:
    if not isinstance(mark, dict):
        return ""
    return "1h" if mark.get("ttl") == "1h" else "5m"


def _messages(request: JsonObject) -> list[JsonObject]:
    return [message for message in _list(request.get("messages")) if isinstance(message, dict)]


def _as_blocks(content: Json) -> list[JsonObject]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in _list(content) if isinstance(block, dict)]


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
