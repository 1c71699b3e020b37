"""Messages of a reserve: counted here for its hold, and not kept."""

from __future__ import annotations

import asyncio

from bursar.dialects.body import LOOP_BYTES_MAX, JsonObject, decode_object
from bursar.errors import InvalidRequest
from bursar.money import nano_usd_ceiling_from_pico_usd
from bursar.quota.v1 import quota_pb2
from bursar.tokens.cache import CountCache
from bursar.tokens.chats import ChatFormat, count_chat_async
from bursar_quota import bounds
from bursar_quota.messages import amounts_of

BODY_BYTES_MAX = 16 * 1024 * 1024
_FORMATS = {
    quota_pb2.MESSAGE_FORMAT_OPENAI_CHAT: ChatFormat.OPENAI_CHAT,
    quota_pb2.MESSAGE_FORMAT_ANTHROPIC_MESSAGES: ChatFormat.ANTHROPIC_MESSAGES,
}


class MessageCounts:
    """Counts what orders bring; known beginnings of chats are not counted again."""

    def __init__(self) -> None:
        self._cache = CountCache()

    async def counted(self, order: quota_pb2.ReserveRequest) -> quota_pb2.ReserveRequest:
        """The order with the amounts of its messages instead of them; large ones are counted in a
        thread. Raises InvalidRequest.
        """
        messages = order.messages
        price = messages.input_pico_usd_per_token
        bounds.check_amount("messages.input_pico_usd_per_token", price)
        bounds.check_amounts("amounts", amounts_of(order.amounts))
        chat_format, body = await _read(messages)
        count = await count_chat_async(body, order.target.model, chat_format, self._cache)
        counted = quota_pb2.ReserveRequest()
        counted.CopyFrom(order)
        counted.ClearField("messages")
        amounts = counted.amounts
        input_tokens = amounts.input_tokens + count.bound_tokens
        input_nano_usd = nano_usd_ceiling_from_pico_usd(count.bound_tokens * price)
        cost_nano_usd = amounts.cost_nano_usd + input_nano_usd
        bounds.check_amount("amounts.input_tokens", input_tokens)
        bounds.check_amount("amounts.cost_nano_usd", cost_nano_usd)
        amounts.input_tokens, amounts.cost_nano_usd = input_tokens, cost_nano_usd
        return counted


async def _read(messages: quota_pb2.UncountedMessages) -> tuple[ChatFormat, JsonObject]:
    """What is refused is never repeated: it may be private."""
    chat_format = _FORMATS.get(messages.format)
    if chat_format is None:
        raise InvalidRequest.of("messages.format", messages.format, "name one of the contract")
    size_bytes = len(messages.body_json)
    if size_bytes > BODY_BYTES_MAX:
        remedy = f"give at most {BODY_BYTES_MAX}"
        raise InvalidRequest.of("messages.body_json", f"{size_bytes} bytes", remedy)
    if size_bytes > LOOP_BYTES_MAX:
        body = await asyncio.to_thread(decode_object, messages.body_json)
    else:
        body = decode_object(messages.body_json)
    if body is None:
        raise InvalidRequest.of("messages.body_json", "not a JSON object", "send a JSON object")
    return chat_format, body
