"""A chat request in a provider's JSON, taken apart, fitted, and put together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bursar.errors import InvalidRequest
from bursar.tokens.cache import CountCache
from bursar.tokens.chats import ChatFormat, count_chat
from bursar.tokens.texts import count_text
from bursar_compressor.chat.fitting import Fitted, Window, fitted
from bursar_compressor.chat.texts import Message

Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class FitOrder:
    """What is to be fitted. references: what restores the content of each message, as
    `originals_of` gives them.
    """

    body: bytes
    chat_format: ChatFormat
    model: str
    target_tokens: int
    may_renumber: bool
    may_clear: bool
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FitResult:
    """The request as it is sent; counts are of the whole of it."""

    body: bytes
    tokens_before: int
    tokens_after: int
    is_estimate: bool
    fitted: Fitted


def originals_of(body: bytes) -> list[bytes]:
    """The content of each message, as it is kept should it be cleared: its text, or its JSON."""
    _, messages = _taken_apart(body)
    return [_original(message.get("content")) for message in messages]


def fit(order: FitOrder, counts: CountCache) -> FitResult:
    """Raises InvalidRequest for what is no chat, and with `least_tokens` when it cannot fit."""
    rest, messages = _taken_apart(order.body)
    model = order.model or str(rest.get("model") or "")

    def tokens_of(some: Sequence[Message], beside: Body = rest) -> int:
        request = {**beside, "messages": list(some)}
        return count_chat(request, model, order.chat_format, counts).tokens

    no_message_tokens = tokens_of((), {})
    window = Window(
        target_tokens=order.target_tokens,
        tokens_of=tokens_of,
        message_tokens=lambda message: tokens_of((message,), {}) - no_message_tokens,
        count=lambda text: count_text(text, model, counts).tokens,
        references=order.references,
        may_renumber=order.may_renumber,
        may_clear=order.may_clear,
    )
    result = fitted(messages, window)
    sent = {**rest, "messages": result.messages}
    after = count_chat(sent, model, order.chat_format, counts)
    is_same = result.messages == messages
    return FitResult(
        body=order.body if is_same else msgspec.json.encode(_in_order(sent, order.body)),
        tokens_before=after.tokens if is_same else tokens_of(messages),
        tokens_after=after.tokens,
        is_estimate=after.is_estimate,
        fitted=result,
    )


def _taken_apart(body: bytes) -> tuple[Body, list[Message]]:
    try:
        request = msgspec.json.decode(body, type=dict[str, object])
        messages = msgspec.convert(request.pop("messages", None), list[dict[str, object]])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        remedy = "give a chat request: a JSON object with a list of `messages`"
        raise InvalidRequest.of("body_json", f"{len(body)} bytes", remedy) from None
    return request, messages


def _in_order(sent: Body, body: bytes) -> Body:
    """The fields in the order in which they came: a provider's cache may look at the bytes."""
    names = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return {name: sent[name] for name in names}


def _original(content: object) -> bytes:
    return content.encode() if isinstance(content, str) else msgspec.json.encode(content)
