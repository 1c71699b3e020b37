"""Server-sent events: cutting a stream into them and writing them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bursar.dialects.body import Json

DONE = b"[DONE]"
TEXT_PIECE_CHARACTERS = 48


def event(name: str, data: Json) -> bytes:
    """One event with its name, as Anthropic sends them."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))


def nameless_event(data: Json) -> bytes:
    """One event without a name, as OpenAI sends them."""
    return b"data: %b\n\n" % msgspec.json.encode(data)


def events_of(stream: bytes) -> Iterator[bytes]:
    """The data of each event, in order; comments and events without data are left out."""
    for lines in stream.replace(b"\r\n", b"\n").split(b"\n\n"):
        data = data_of(lines)
        if data:
            yield data


def data_of(lines: bytes) -> bytes:
    """The data of one event; several data lines are joined by line ends, as the standard says."""
    parts = [
        line[5:].removeprefix(b" ") for line in lines.split(b"\n") if line.startswith(b"data:")
    ]
    return b"\n".join(parts)


def has_line(events: bytes, beginning: bytes) -> bool:
    """Whether a line begins so: where lines begin no model's text stands, for in that line ends are
    escaped.
    """
    return beginning in events and (events.startswith(beginning) or b"\n" + beginning in events)


def data_lines_with(events: bytes, mark: bytes) -> Iterator[bytes]:
    """The data of those events whose one data line holds `mark`, found without reading others."""
    at = events.find(mark)
    while at >= 0:
        end = events.find(b"\n", at)
        line = events[events.rfind(b"\n", 0, at) + 1 : end if end >= 0 else None]
        if line.startswith(b"data:"):
            yield line[5:].strip()
        at = events.find(mark, end) if end >= 0 else -1


def pieces_of(text: str) -> Iterator[str]:
    """`text` in pieces such as a model streams, so that a replay is not one lump."""
    for start in range(0, len(text), TEXT_PIECE_CHARACTERS):
        yield text[start : start + TEXT_PIECE_CHARACTERS]
