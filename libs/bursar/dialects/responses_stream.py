"""OpenAI's Responses as a stream: metered, replayed from a whole answer, folded into one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bursar.dialects import sse
from bursar.dialects.body import Json, JsonObject, decode_object, encode
from bursar.dialects.meter import StreamMeter, json_strings
from bursar.dialects.usage import responses_usage

COMPLETED, INCOMPLETE = "response.completed", "response.incomplete"
_TEXT = json_strings("delta")
_LAST = re.compile(rb'"type":\s?"(response\.(?:completed|incomplete|failed)|error)"')


class ResponsesMeter(StreamMeter):
    """The whole answer stands in the last event, its usage too; there is none to drop."""

    def _read(self, events: bytes) -> None:
        for text in _TEXT.findall(events):
            self.text.add(text)
        if not self.answer_id and b"response.created" in events:
            self._read_beginning(events)
        if _LAST.search(events):
            self._read_last(events)

    def _read_beginning(self, events: bytes) -> None:
        for data in sse.data_lines_with(events, b"response.created"):
            self._read_name(_response_in(decode_object(data) or {}))

    def _read_name(self, response: JsonObject) -> None:
        self.answer_id = str(response.get("id", ""))
        self.model = str(response.get("model", ""))

    def _read_last(self, events: bytes) -> None:
        for data in sse.events_of(events):
            event = decode_object(data) or {}
            match event.get("type"):
                case "response.completed" | "response.incomplete":
                    response = _response_in(event)
                    self._read_name(response)
                    usage = response.get("usage")
                    self.usage = responses_usage(usage) if isinstance(usage, dict) else None
                    self.stop_reason = stop_of(response)
                    self.is_complete = True
                case "response.failed" | "error":
                    self.has_failed = True


def stop_of(response: JsonObject) -> str:
    """Why an answer ended, in the words of Chat Completions."""
    match response:
        case {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}:
            return "content_filter"
        case {"status": "incomplete"}:
            return "length"
    kinds = {item.get("type") for item in items_of(response)}
    return "tool_calls" if "function_call" in kinds else "stop"


def items_of(response: JsonObject) -> list[JsonObject]:
    """What the answer consists of: messages, thoughts and calls, in order."""
    return _objects(response.get("output"))


def from_stream(chunks: Iterable[bytes]) -> bytes | None:
    """The answer in the last event of a complete stream; None for one that failed or was cut."""
    answer: bytes | None = None
    for data in sse.events_of(b"".join(chunks)):
        event = decode_object(data) or {}
        if event.get("type") in (COMPLETED, INCOMPLETE):
            answer = encode(_response_in(event))
    return answer


def as_stream(response: bytes, is_usage_streamed: bool = True) -> Iterator[bytes]:
    """The events of a complete answer. Its usage always comes: it is part of the last one."""
    whole = decode_object(response) or {}
    begun: JsonObject = {**whole, "status": "in_progress", "output": [], "usage": None}
    last = INCOMPLETE if whole.get("status") == "incomplete" else COMPLETED
    events: list[JsonObject] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        *(event for place, item in enumerate(items_of(whole)) for event in _item(place, item)),
        {"type": last, "response": whole},
    ]
    for number, event in enumerate(events):
        yield sse.event(str(event["type"]), {**event, "sequence_number": number})


def _item(place: int, item: JsonObject) -> Iterator[JsonObject]:
    at: JsonObject = {"output_index": place}
    inside: JsonObject = {**at, "item_id": item.get("id")}
    is_message, is_call = item.get("type") == "message", item.get("type") == "function_call"
    empty: JsonObject = {**item, "status": "in_progress"}
    if is_message:
        empty["content"] = []
    if is_call:
        empty["arguments"] = ""
    yield {"type": "response.output_item.added", **at, "item": empty}
    if is_call:
        arguments = str(item.get("arguments", ""))
        for piece in sse.pieces_of(arguments):
            yield {"type": "response.function_call_arguments.delta", **inside, "delta": piece}
        done: JsonObject = {**inside, "arguments": arguments, "name": item.get("name")}
        yield {"type": "response.function_call_arguments.done", **done}
    if is_message:
        for index, part in enumerate(_objects(item.get("content"))):
            yield from _part({**inside, "content_index": index}, part)
    yield {"type": "response.output_item.done", **at, "item": item}


def _part(at: JsonObject, part: JsonObject) -> Iterator[JsonObject]:
    is_refusal = part.get("type") == "refusal"
    name, kind = ("refusal", "refusal") if is_refusal else ("text", "output_text")
    text = str(part.get(name, ""))
    empty: JsonObject = {**part, name: ""}
    more: JsonObject = {} if is_refusal else {"logprobs": list[Json]()}
    yield {"type": "response.content_part.added", **at, "part": empty}
    for piece in sse.pieces_of(text):
        yield {"type": f"response.{kind}.delta", **at, "delta": piece, **more}
    yield {"type": f"response.{kind}.done", **at, name: text, **more}
    yield {"type": "response.content_part.done", **at, "part": part}


def _response_in(event: JsonObject) -> JsonObject:
    response = event.get("response")
    return response if isinstance(response, dict) else {}


def _objects(value: Json) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
