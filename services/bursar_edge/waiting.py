"""Answers that another's call brings: whoever waits for one gets it from its start, as it comes."""

from __future__ import annotations

import logging
from contextlib import aclosing

from bursar.cache.v1 import cache_pb2
from bursar.dialects.refusal import RefusalKind
from bursar.errors import BursarError, Unavailable
from bursar_edge.answers import Answers
from bursar_edge.call import Call
from bursar_edge.domain import final_words
from bursar_edge.http1.exchange import Exchange
from bursar_edge.replay import replay, replay_stream
from bursar_edge.sharing import Sharing

SSE = "text/event-stream"
_CUT = "the answer that was being made for several callers broke off"
_logger = logging.getLogger(__name__)


class Waiting:
    """One call that waits for what another makes."""

    def __init__(self, call: Call, answers: Answers, exchange: Exchange) -> None:
        self._call = call
        self._answers = answers
        self._exchange = exchange
        self._chunks: list[bytes] = []
        self._content_type = ""
        self._status = 200
        self._meter = call.dialect.stream_meter(not call.facts.is_usage_streamed)
        self._last = b""

    async def is_answered(self) -> bool:
        """True where it was. False where the call has to be made: with its claim, where one fell to
        it.
        """
        while not self._exchange.is_ended:
            try:
                fallen = await self._heard()
            except BursarError as error:
                _logger.warning("nothing more is heard of a shared answer: %s", error.message)
                if not self._exchange.is_started:
                    return False
                self._break_off()
            else:
                if fallen is not None:
                    if fallen.token:
                        self._call.share = Sharing(self._answers.cache, fallen)
                    return False
        return True

    async def _heard(self) -> cache_pb2.Claim | None:
        """The claim that fell to this call, one without a token where there is none; None where
        it was answered, or has to ask again.
        """
        self._chunks = []
        async with aclosing(self._answers.awaited(self._call)) as parts:
            async for told in parts:
                match told.WhichOneof("told"):
                    case "claim":
                        return told.claim
                    case "answer" if told.answer.is_hit:
                        replay(self._call, told.answer.entry, self._exchange)
                    case "answer":
                        return cache_pb2.Claim()
                    case "part":
                        self._take(told.part)
        return None

    def _take(self, part: cache_pb2.MadePart) -> None:
        if part.ending == cache_pb2.ENDING_FAILED:
            if self._exchange.is_started:
                self._break_off()
            return
        if part.content_type:
            self._status, self._content_type = part.status, part.content_type
        if self._is_passed_on:
            self._pass_on(part)
        else:
            self._chunks.append(part.content)
            if part.ending:
                self._answer_whole(part)

    @property
    def _is_passed_on(self) -> bool:
        return self._call.facts.is_streaming and self._content_type.startswith(SSE)

    def _pass_on(self, part: cache_pb2.MadePart) -> None:
        exchange = self._exchange
        if not exchange.is_started:
            exchange.start(self._status, self._headers())
        passed = self._meter.feed(part.content)
        if part.ending:
            exchange.end(passed + self._meter.rest())
        elif passed:
            self._last = passed
            exchange.write(passed)

    def _answer_whole(self, part: cache_pb2.MadePart) -> None:
        content: bytes | None = b"".join(self._chunks)
        is_refused = part.ending == cache_pb2.ENDING_REFUSED
        if self._content_type.startswith(SSE):
            content = self._call.dialect.from_stream(self._chunks)
        if content is None:
            raise Unavailable("a shared stream amounts to no answer")
        if self._call.facts.is_streaming and not is_refused:
            replay_stream(self._call, content, self._exchange, self._call.headers(b"shared"))
            return
        headers = [(b"content-type", b"application/json"), *self._call.headers(b"shared")]
        self._exchange.reply(self._status, headers, content)

    def _headers(self) -> list[tuple[bytes, bytes]]:
        content_type = self._content_type.encode("latin-1")
        return [(b"content-type", content_type), *self._call.headers(b"shared")]

    def _break_off(self) -> None:
        dialect, call_id = self._call.dialect, self._call.call_id
        event = dialect.refusal_event(RefusalKind.UNAVAILABLE, _CUT, call_id)
        self._exchange.end(final_words(self._last, event))
