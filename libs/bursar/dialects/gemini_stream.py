"""Gemini's answers as a stream: metered, replayed from a whole answer, folded into one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bursar.dialects import sse
from bursar.dialects.body import Json, JsonObject, decode_object, encode
from bursar.dialects.meter import StreamMeter, json_strings
from bursar.dialects.usage import gemini_usage, newest

_TEXT = json_strings("text")
_STOP = re.compile(rb'"finishReason":\s?"(\w+)"')
_USAGE = b'"usageMetadata"'
_ERROR_LINES = (b'data: {"error"', b'data: { "error"', b'data:{"error"')


class GeminiMeter(StreamMeter):
    """Every event may bring the usage so far; the last one tells why the answer ended."""

    def _read(self, events: bytes) -> None:
        for text in _TEXT.findall(events):
            self.text.add(text)
        if not self.answer_id or _USAGE in events:
            self._read_told(events)
        stop = _STOP.search(events)
        if stop:
            self.stop_reason = stop_of(stop[1].decode())
            self.is_complete = True
        if b"error" in events and any(sse.has_line(events, line) for line in _ERROR_LINES):
            self.has_failed = True

    def _read_told(self, events: bytes) -> None:
        for data in sse.events_of(events):
            chunk = decode_object(data) or {}
            self.answer_id = str(chunk.get("responseId") or self.answer_id)
            self.model = str(chunk.get("modelVersion") or self.model)
            usage = chunk.get("usageMetadata")
            if isinstance(usage, dict):
                self.usage = gemini_usage(usage) or self.usage


def stop_of(finish_reason: str) -> str:
    """Why an answer ended, in the words of Chat Completions. That a tool is called is told by no
    word of its own here.
    """
    return {"STOP": "stop", "MAX_TOKENS": "length"}.get(finish_reason, "content_filter")


def as_stream(response: bytes, is_usage_streamed: bool = True) -> Iterator[bytes]:
    """The chunks of a complete answer; the last one brings its usage and why it ended."""
    whole = decode_object(response) or {}
    shared = {name: value for name, value in whole.items() if name not in _TOLD_LAST}
    last = {name: value for name, value in whole.items() if name in _TOLD_LAST}
    candidates = objects(whole.get("candidates"))
    for candidate in candidates:
        for part in parts_of(candidate):
            for piece in _pieces(part):
                content: JsonObject = {"role": "model", "parts": [piece]}
                told: JsonObject = {"content": content, "index": candidate.get("index", 0)}
                yield _event({"candidates": [told], **shared})
    ends: list[Json] = [
        {name: value for name, value in candidate.items() if name != "content"}
        for candidate in candidates
    ]
    yield _event({"candidates": ends, **shared, "usageMetadata": last.get("usageMetadata")})


_TOLD_LAST = frozenset({"candidates", "usageMetadata"})


def _event(chunk: JsonObject) -> bytes:
    """Chunks end in CRLF here."""
    told: JsonObject = {name: value for name, value in chunk.items() if value is not None}
    return b"data: %b\r\n\r\n" % encode(told)


def _pieces(part: JsonObject) -> Iterator[JsonObject]:
    text = part.get("text")
    if not isinstance(text, str):
        yield part
        return
    for piece in sse.pieces_of(text):
        yield {**part, "text": piece}


def from_stream(chunks: Iterable[bytes]) -> bytes | None:
    """The answer a complete stream amounts to; None for one that failed or was cut."""
    answer: JsonObject = {}
    candidates: dict[int, JsonObject] = {}
    usage: JsonObject = {}
    for data in sse.events_of(b"".join(chunks)):
        chunk = decode_object(data)
        if chunk is None or "error" in chunk:
            return None
        told = chunk.pop("usageMetadata", None)
        usage = dict(newest(usage, told if isinstance(told, dict) else None))
        for change in objects(chunk.pop("candidates", None)):
            _extend(candidates, change)
        answer.update(chunk)
    found = [candidates[index] for index in sorted(candidates)]
    if not found or not all(candidate.get("finishReason") for candidate in found):
        return None
    whole: JsonObject = {"candidates": list[Json](found), "usageMetadata": usage, **answer}
    return encode(whole)


def _extend(candidates: dict[int, JsonObject], change: JsonObject) -> None:
    """Words go on where the part before them was of the same kind."""
    index = change.get("index", 0)
    if not isinstance(index, int):
        return
    parts: list[Json] = []
    candidate = candidates.setdefault(
        index, {"content": {"role": "model", "parts": parts}, "index": index}
    )
    known = list[Json](parts_of(candidate))
    for part in parts_of(change):
        before = known[-1] if known else None
        if isinstance(before, dict) and _goes_on(before, part):
            known[-1] = {**before, **part, "text": f"{before['text']}{part['text']}"}
        else:
            known.append(part)
    change.pop("content", None)
    candidate.update(change)
    candidate["content"] = {"role": "model", "parts": known}


def _goes_on(before: JsonObject, part: JsonObject) -> bool:
    has_words = isinstance(before.get("text"), str) and isinstance(part.get("text"), str)
    return has_words and before.get("thought") == part.get("thought")


def parts_of(candidate: JsonObject) -> list[JsonObject]:
    """What a candidate says: words, thoughts and calls, in order."""
    content = candidate.get("content")
    return objects(content.get("parts")) if isinstance(content, dict) else []


def objects(value: Json) -> list[JsonObject]:
    """The objects in a list; nothing for what is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
