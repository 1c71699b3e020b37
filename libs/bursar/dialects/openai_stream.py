"""OpenAI's Chat Completions as a stream: metered, replayed from a whole answer, folded into one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bursar.dialects import sse
from bursar.dialects.body import Json, JsonObject, decode_object, encode
from bursar.dialects.meter import StreamMeter, json_strings
from bursar.dialects.usage import openai_usage, told_by

_TEXT = json_strings("content", "arguments", "refusal", "reasoning_content", "reasoning")
_USAGE = re.compile(rb'"usage":\s?\{')
_STOP = re.compile(rb'"finish_reason":\s?"(\w+)"')
_DONE_LINES = (b"data: [DONE]", b"data:[DONE]")
_ERROR_LINES = (b'data: {"error"', b'data:{"error"', b'data: { "error"', b"event: error")
# Parts of a message that a stream tells piece by piece.
_TEXT_FIELDS = ("content", "refusal", "reasoning_content")

# Strings that servers send whole, some of them with every chunk.
_TOLD_ONCE = frozenset({"role", "id", "type", "name", "finish_reason"})


class OpenAiMeter(StreamMeter):
    """Usage comes in one chunk at the end, if it was asked for. When only we asked, that chunk is
    taken out, and the client gets whole events, each as soon as it is complete.
    """

    def __init__(self, is_usage_dropped: bool) -> None:
        super().__init__()
        self._is_usage_dropped = is_usage_dropped

    def feed(self, chunk: bytes) -> bytes:
        if not self._is_usage_dropped:
            return super().feed(chunk)
        unreadable, events = self._completed(chunk)
        if events:
            self._read(events)
        return unreadable + _without_usage(events)

    def rest(self) -> bytes:
        waiting = b"".join(self._waiting)
        super().rest()
        return _without_usage(waiting) if self._is_usage_dropped else b""

    def _read(self, events: bytes) -> None:
        for text in _TEXT.findall(events):
            self.text.add(text)
        if not self.answer_id:
            self._read_name(events)
        if _USAGE.search(events):
            self._read_usage(events)
        stop = _STOP.search(events)
        if stop:
            self.stop_reason = stop[1].decode()
        if b"[DONE]" in events and any(sse.has_line(events, line) for line in _DONE_LINES):
            self.is_complete = True
        if b"error" in events and any(sse.has_line(events, line) for line in _ERROR_LINES):
            self.has_failed = True

    def _read_name(self, events: bytes) -> None:
        told = told_by(next(sse.data_lines_with(events, b'"id"'), b""))
        self.answer_id, self.model = told.id, told.model

    def _read_usage(self, events: bytes) -> None:
        """The newest usage holds: some servers send a running total with every chunk."""
        for data in sse.data_lines_with(events, b'"usage"'):
            self.usage = openai_usage(told_by(data).usage) or self.usage


def _without_usage(events: bytes) -> bytes:
    """Whole events but the chunk that carries usage and nothing else."""
    if not _USAGE.search(events):
        return events
    end = b"\r\n\r\n" if b"\r\n\r\n" in events else b"\n\n"
    return end.join(event for event in events.split(end) if not _is_usage_chunk(event))


def _is_usage_chunk(event: bytes) -> bool:
    if not _USAGE.search(event):
        return False
    chunk = decode_object(sse.data_of(event.replace(b"\r\n", b"\n")))
    return chunk is not None and not chunk.get("choices")


def as_stream(response: bytes, is_usage_streamed: bool = True) -> Iterator[bytes]:
    """The chunks of a complete answer, the usage chunk only if asked for, and the end mark."""
    completion = decode_object(response) or {}
    shared: JsonObject = {
        **{name: value for name, value in completion.items() if name not in ("choices", "usage")},
        "object": "chat.completion.chunk",
    }
    for choice in _objects(completion.get("choices")):
        for change in _changes_of(choice):
            yield sse.nameless_event({**shared, "choices": [change]})
    if is_usage_streamed and "usage" in completion:
        yield sse.nameless_event({**shared, "choices": [], "usage": completion["usage"]})
    yield b"data: [DONE]\n\n"


def _changes_of(choice: JsonObject) -> Iterator[JsonObject]:
    """One answer as its deltas: first all that comes whole, then text and calls, then the end."""
    message = choice.get("message")
    if not isinstance(message, dict):
        return
    index = choice.get("index", 0)
    opened: JsonObject = {
        name: "" if name in _TEXT_FIELDS and isinstance(value, str) else value
        for name, value in message.items()
        if name != "tool_calls"
    }
    rest: JsonObject = {
        name: value
        for name, value in choice.items()
        if name not in ("message", "finish_reason", "index")
    }
    yield {"index": index, "delta": opened, **rest, "finish_reason": None}
    for delta in (*_text_deltas(message), *_call_deltas(message)):
        yield {"index": index, "delta": delta, "finish_reason": None}
    yield {"index": index, "delta": {}, "finish_reason": choice.get("finish_reason")}


def _text_deltas(message: JsonObject) -> Iterator[JsonObject]:
    for name in _TEXT_FIELDS:
        text = message.get(name)
        if isinstance(text, str):
            for part in sse.pieces_of(text):
                yield {name: part}


def _call_deltas(message: JsonObject) -> Iterator[JsonObject]:
    for place, call in enumerate(_objects(message.get("tool_calls"))):
        function = call.get("function")
        if not isinstance(function, dict):
            yield {"tool_calls": [{"index": place, **call}]}
            continue
        opened: JsonObject = {**call, "function": {**function, "arguments": ""}}
        yield {"tool_calls": [{"index": place, **opened}]}
        for part in sse.pieces_of(str(function.get("arguments", ""))):
            more: JsonObject = {"index": place, "function": {"arguments": part}}
            yield {"tool_calls": [more]}


def from_stream(chunks: Iterable[bytes]) -> bytes | None:
    """The answer a complete stream amounts to; None for one that failed, was cut or makes no
    sense.
    """
    fold = _Fold()
    for data in sse.events_of(b"".join(chunks)):
        if data == sse.DONE:
            return fold.answer()
        chunk = decode_object(data)
        if chunk is None or "error" in chunk:
            return None
        fold.take(chunk)
    return None


class _Fold:
    """A completion as its chunks build it up."""

    def __init__(self) -> None:
        self._completion: JsonObject = {}
        self._choices: dict[int, JsonObject] = {}

    def take(self, chunk: JsonObject) -> None:
        told = {name: value for name, value in chunk.items() if name != "choices"}
        if told.get("usage") is None:
            told.pop("usage", None)
        self._completion.update(told)
        for change in _objects(chunk.get("choices")):
            index = change.get("index", 0)
            if isinstance(index, int):
                _extend(self._choices.setdefault(index, {"index": index, "message": {}}), change)

    def answer(self) -> bytes | None:
        """None unless every choice came to its end."""
        choices = [self._choices[index] for index in sorted(self._choices)]
        if not choices or not all(choice.get("finish_reason") for choice in choices):
            return None
        self._completion.pop("obfuscation", None)
        whole: JsonObject = {
            **self._completion,
            "object": "chat.completion",
            "choices": list[Json](choices),
        }
        return encode(whole)


def _extend(choice: JsonObject, change: JsonObject) -> None:
    delta = change.pop("delta", None)
    message = choice["message"]
    if isinstance(delta, dict) and isinstance(message, dict):
        _grow(message, delta)
    change.pop("index", None)
    _grow(choice, change)


def _grow(known: JsonObject, more: JsonObject) -> None:
    """Adds what came: strings and lists go on, objects grow within, calls go by their index."""
    for name, value in more.items():
        before = known.get(name)
        if name == "tool_calls" and isinstance(value, list):
            _grow_calls(known, _objects(value))
        elif isinstance(before, dict) and isinstance(value, dict):
            _grow(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            before.extend(value)
        elif isinstance(before, str) and isinstance(value, str) and name not in _TOLD_ONCE:
            known[name] = before + value
        elif value is not None or name not in known:
            known[name] = value


def _grow_calls(message: JsonObject, changes: list[JsonObject]) -> None:
    calls = message.setdefault("tool_calls", [])
    if not isinstance(calls, list):
        return
    for change in changes:
        place = change.pop("index", None)
        begun = calls[place] if isinstance(place, int) and place < len(calls) else None
        if isinstance(begun, dict):
            _grow(begun, change)
        else:
            calls.append(change)


def _objects(value: Json) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
