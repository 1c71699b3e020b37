"""Anthropic's Messages as a stream: metered, replayed from a whole answer, folded into one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bursar.dialects import sse
from bursar.dialects.body import Json, JsonObject, decode_object, encode
from bursar.dialects.meter import StreamMeter, json_strings
from bursar.dialects.usage import UsageObject, anthropic_usage, newest, told_by

# Fields of an answer that a stream tells only at its end.
_ENDING_FIELDS = ("stop_reason", "stop_sequence", "stop_details", "container")
_TEXT = json_strings("text", "thinking", "partial_json")


class AnthropicMeter(StreamMeter):
    """Usage comes twice: the input's with `message_start`, all of it with `message_delta`."""

    def __init__(self) -> None:
        super().__init__()
        self._reported: UsageObject = {}

    def _read(self, events: bytes) -> None:
        for text in _TEXT.findall(events):
            self.text.add(text)
        if b'"usage"' in events:
            for data in sse.data_lines_with(events, b'"usage"'):
                self._read_usage(data)
        if sse.has_line(events, b"event: message_stop"):
            self.is_complete = True
        if sse.has_line(events, b"event: error"):
            self.has_failed = True

    def _read_usage(self, data: bytes) -> None:
        told = told_by(data)
        self._reported = newest(self._reported, told.usage)
        if told.message is not None:
            self.answer_id, self.model = told.message.id, told.message.model
            self._reported = newest(self._reported, told.message.usage)
        if told.delta is not None and told.delta.stop_reason is not None:
            self.stop_reason = told.delta.stop_reason
        self.usage = anthropic_usage(self._reported) or self.usage


def as_stream(response: bytes, is_usage_streamed: bool = True) -> Iterator[bytes]:
    """The events of a complete answer. `is_usage_streamed` is for the other dialect: here a stream
    always brings its usage.
    """
    message = decode_object(response) or {}
    content = _objects(message.get("content"))
    usage = message.get("usage")
    begun_usage = {**usage, "output_tokens": 0} if isinstance(usage, dict) else usage
    ending = {name: message[name] for name in _ENDING_FIELDS if name in message}
    begun: JsonObject = {**message, "content": [], **dict.fromkeys(ending), "usage": begun_usage}
    yield sse.event("message_start", {"type": "message_start", "message": begun})
    for index, block in enumerate(content):
        yield from _block_events(index, block)
    yield sse.event("message_delta", {"type": "message_delta", "delta": ending, "usage": usage})
    yield sse.event("message_stop", {"type": "message_stop"})


def _block_events(index: int, block: JsonObject) -> Iterator[bytes]:
    begun, deltas = _begun_and_deltas(block)
    start: JsonObject = {"type": "content_block_start", "index": index, "content_block": begun}
    yield sse.event("content_block_start", start)
    if index == 0:
        yield sse.event("ping", {"type": "ping"})
    for delta in deltas:
        step: JsonObject = {"type": "content_block_delta", "index": index, "delta": delta}
        yield sse.event("content_block_delta", step)
    yield sse.event("content_block_stop", {"type": "content_block_stop", "index": index})


def _begun_and_deltas(block: JsonObject) -> tuple[JsonObject, list[JsonObject]]:
    """A block as it starts, and what then fills it. A kind without deltas starts complete."""
    kind = block.get("type")
    if kind == "text":
        citations = _objects(block.get("citations"))
        begun: JsonObject = {**block, "text": ""}
        if citations:
            begun["citations"] = []
        deltas: list[JsonObject] = [
            {"type": "citations_delta", "citation": citation} for citation in citations
        ]
        return begun, [*_text_deltas("text_delta", "text", block), *deltas]
    if kind == "thinking":
        signature: JsonObject = {"type": "signature_delta", "signature": block.get("signature", "")}
        deltas = [*_text_deltas("thinking_delta", "thinking", block), signature]
        return {**block, "thinking": "", "signature": ""}, deltas
    if "input" in block:
        text = encode(block["input"]).decode()
        deltas = [
            {"type": "input_json_delta", "partial_json": part} for part in sse.pieces_of(text)
        ]
        return {**block, "input": {}}, deltas
    return block, []


def _text_deltas(kind: str, name: str, block: JsonObject) -> list[JsonObject]:
    text = block.get(name)
    return [{"type": kind, name: part} for part in sse.pieces_of(str(text))] if text else []


def from_stream(chunks: Iterable[bytes]) -> bytes | None:
    """The answer a complete stream amounts to; None for one that failed, was cut or makes no
    sense.
    """
    fold = _Fold()
    for data in sse.events_of(b"".join(chunks)):
        event = decode_object(data)
        if event is None or not fold.take(event):
            return None
    return encode(fold.message) if fold.is_complete else None


class _Fold:
    """A message as its events build it up."""

    def __init__(self) -> None:
        self.message: JsonObject = {}
        self.is_complete = False
        self._content: list[JsonObject] = []
        self._input_json: dict[int, str] = {}

    def take(self, event: JsonObject) -> bool:
        """False for an event that no whole answer can come from."""
        match event:
            case {"type": "message_start", "message": dict(message)}:
                self.message = message
                self.message["content"] = list[Json](self._content)
            case {"type": "content_block_start", "content_block": dict(block)}:
                self._content.append(block)
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)}:
                return self._extend(index, delta)
            case {"type": "content_block_stop", "index": int(index)}:
                return self._close(index)
            case {"type": "message_delta", "delta": dict(delta)}:
                self._end(delta, event.get("usage"))
            case {"type": "message_stop"}:
                self.message["content"] = list[Json](self._content)
                self.is_complete = isinstance(self.message.get("stop_reason"), str)
            case {"type": "error"}:
                return False
        return True

    def _extend(self, index: int, delta: JsonObject) -> bool:
        if index >= len(self._content):
            return False
        block = self._content[index]
        match delta:
            case {"type": "text_delta", "text": str(text)}:
                block["text"] = f"{block.get('text') or ''}{text}"
            case {"type": "thinking_delta", "thinking": str(text)}:
                block["thinking"] = f"{block.get('thinking') or ''}{text}"
            case {"type": "input_json_delta", "partial_json": str(text)}:
                self._input_json[index] = self._input_json.get(index, "") + text
            case {"type": "citations_delta", "citation": citation}:
                block["citations"] = [*_list(block.get("citations")), citation]
            case _:  # signatures, and kinds that are newer than this file: the field as it is
                block.update({name: value for name, value in delta.items() if name != "type"})
        return True

    def _close(self, index: int) -> bool:
        text = self._input_json.pop(index, "")
        if not text:
            return True
        value = decode_object(text.encode())
        if value is None:
            return False
        self._content[index]["input"] = value
        return True

    def _end(self, delta: JsonObject, usage: Json) -> None:
        self.message.update(delta)
        begun = self.message.get("usage")
        if isinstance(usage, dict) and isinstance(begun, dict):
            begun.update({name: value for name, value in usage.items() if value is not None})


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _objects(value: Json) -> list[JsonObject]:
    return [item for item in _list(value) if isinstance(item, dict)]
