"""Long chats on their way out: what stood in an earlier message becomes one line that points at it.

Nothing is lost, and what was sent stays as it was sent: the same first messages give the same
bytes, so a provider's prompt cache goes on being hit. Whatever goes wrong costs the saving, never
the call.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec

from bursar.clients.compressor import CompressorClient
from bursar.compressor.v1 import compressor_pb2
from bursar.dialects.body import LOOP_BYTES_MAX, JsonObject, decode_object, with_fields
from bursar.errors import BursarError
from bursar.ledger.v1 import ledger_pb2
from bursar.rpc import deadline
from bursar.tokens.chats import ChatFormat
from bursar_edge.call import Call
from bursar_edge.door import HeaderValues

HEADER = b"x-bursar-compression"
FIT_S = 10.0
# No window overflows here: what does not fit is the provider's to refuse.
NO_WINDOW_TOKENS = 1 << 40

_FORMATS = {
    ChatFormat.OPENAI_CHAT: compressor_pb2.CHAT_FORMAT_OPENAI_CHAT,
    ChatFormat.ANTHROPIC_MESSAGES: compressor_pb2.CHAT_FORMAT_ANTHROPIC_MESSAGES,
}
_logger = logging.getLogger(__name__)


class Shortening:
    """`bytes_min`: shorter requests go out as they are; 0 switches it off."""

    def __init__(self, compressor: CompressorClient, bytes_min: int) -> None:
        self._compressor = compressor
        self._bytes_min = bytes_min

    def is_for(self, body: bytes, headers: HeaderValues) -> bool:
        """Whether a request is long enough, and its caller does not say `off`."""
        return 0 < self._bytes_min <= len(body) and b"off" not in headers.get(HEADER, b"")

    async def shortened(self, call: Call, body: bytes) -> bytes:
        """The same request in fewer tokens, which `call` then knows of; `body` where there are
        none. All fields but the messages keep their bytes.
        """
        chat_format = _FORMATS.get(call.dialect.CHAT_FORMAT)
        if chat_format is None:
            return body
        request = compressor_pb2.FitRequest(
            attribution=call.attribution,
            format=chat_format,
            body_json=body,
            model=call.facts.model,
            target_tokens=NO_WINDOW_TOKENS,
            level=compressor_pb2.LEVEL_PLAIN,
        )
        try:
            with deadline.within(FIT_S):
                fitted = await self._compressor.fit(request)
        except BursarError as error:
            _logger.warning("a chat was not shortened: %s", error.message)
            return body
        saved_tokens = fitted.tokens_before - fitted.tokens_after
        if saved_tokens <= 0:
            return body
        if len(body) <= LOOP_BYTES_MAX:
            fields, sent = _with_messages(body, fitted.body_json)
        else:
            fields, sent = await asyncio.to_thread(_with_messages, body, fitted.body_json)
        call.facts = msgspec.structs.replace(call.facts, body=fields)
        call.savings = (_saving(saved_tokens, fitted.tokens_before),)
        return sent


def _with_messages(body: bytes, fitted: bytes) -> tuple[JsonObject, bytes]:
    """The decoded request as it will be sent, and its bytes."""
    fields = decode_object(fitted)
    assert fields is not None  # our own service wrote it
    return fields, with_fields(body, {"messages": fields["messages"]})


def _saving(saved_tokens: int, tokens_before: int) -> ledger_pb2.Saving:
    return ledger_pb2.Saving(
        cause=ledger_pb2.SAVING_CAUSE_COMPRESSION,
        input_tokens=saved_tokens,
        is_cost_known=False,
        reason=f"the chat in {tokens_before - saved_tokens} tokens for {tokens_before}",
    )
