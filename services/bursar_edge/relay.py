"""A provider's answer on its way to the client: passed on as it comes, measured, settled."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from bursar.dialects.dialect import Dialect
from bursar.dialects.meter import StreamMeter
from bursar.dialects.refusal import RefusalKind
from bursar.dialects.usage import told_by
from bursar.errors import BursarError
from bursar.prices.usage import Usage
from bursar.tokens.texts import count_text
from bursar_edge.accounts import Accounts, cost_of, usage_message
from bursar_edge.answers import Answers
from bursar_edge.call import Call, Fields
from bursar_edge.domain import (
    Ending,
    Outcome,
    Source,
    as_id,
    failed,
    final_words,
    unknown,
)
from bursar_edge.http1.client import Response
from bursar_edge.http1.errors import BrokeOff, TooSlow
from bursar_edge.http1.exchange import Exchange
from bursar_edge.upstream import response_headers

_REQUEST_ID_FIELDS = (b"request-id", b"x-request-id")
_CUT_HERE = "this server is shutting down; the answer was cut"


@dataclass(frozen=True, slots=True)
class RelayTerms:
    """So much of a whole answer is held to be read, and of a stream to be kept."""

    response_bytes_max: int
    kept_bytes_max: int


class Relay:
    """Brings answers of providers to their clients. Each way out of it settles the call once."""

    def __init__(self, accounts: Accounts, answers: Answers, terms: RelayTerms) -> None:
        self._accounts = accounts
        self._answers = answers
        self._terms = terms

    async def bring(self, call: Call, response: Response, exchange: Exchange) -> None:
        """Raises BrokeOff and TooSlow where the client has been told nothing yet."""
        fields = dict(response.headers)
        if not 200 <= response.status < 300:
            await self._refusal(call, response, exchange)
        elif fields.get(b"content-type", b"").startswith(b"text/event-stream"):
            await self._stream(call, response, exchange)
        else:
            await self._whole(call, response, exchange)

    async def _refusal(self, call: Call, response: Response, exchange: Exchange) -> None:
        """The provider's own error, as it is."""
        self._accounts.settle(call, failed(_request_id(response)))
        content, is_whole = await response.read(self._terms.response_bytes_max)
        if not is_whole:
            raise BrokeOff("the provider's error was too long to be passed on")
        exchange.reply(response.status, _headers(call, response), content)

    async def _whole(self, call: Call, response: Response, exchange: Exchange) -> None:
        request_id = _request_id(response)
        try:
            content, is_whole = await response.read(self._terms.response_bytes_max)
        except (BursarError, asyncio.CancelledError):
            self._accounts.settle(call, unknown(request_id))
            raise
        headers = _headers(call, response)
        if is_whole:
            self._settle_whole(call, content, response, headers)
            exchange.reply(response.status, headers, content)
            return
        self._accounts.settle(call, Ending(Outcome.COMPLETED, Source.HOLD, None, request_id))
        exchange.start(response.status, headers)
        exchange.write(content)
        while piece := await response.piece():
            exchange.write(piece)
            await exchange.drained()
        exchange.end()

    def _settle_whole(
        self, call: Call, content: bytes, response: Response, headers: Fields
    ) -> None:
        """Settles a complete answer; adds what it cost to its headers."""
        request_id = _request_id(response)
        if _is_compressed(response):
            self._accounts.settle(call, Ending(Outcome.COMPLETED, Source.HOLD, None, request_id))
            return
        told = told_by(content)
        request_id = request_id or as_id(told.id)
        usage = call.dialect.usage_in_response(content)
        if usage is None:
            count = partial(_counted, call.dialect, content, call.input.tokens, call.facts.model)
            counted = Ending(Outcome.COMPLETED, Source.COUNTED, None, request_id, count=count)
            self._accounts.settle(call, counted)
            return
        message = usage_message(usage)
        cost = cost_of(call, message)
        if cost.is_known:
            headers.append((b"x-bursar-cost-nano-usd", b"%d" % cost.total_nano_usd))
        ending = Ending(
            Outcome.COMPLETED, Source.PROVIDER, usage, request_id, _other(call, told.model)
        )
        self._accounts.settle(call, ending, cost)
        if call.exact_key and not call.policy.is_store_refused:
            self._answers.keep(call, (content,), message, cost)

    async def _stream(self, call: Call, response: Response, exchange: Exchange) -> None:
        is_usage_dropped = not call.facts.is_usage_streamed
        meter = call.dialect.stream_meter(is_usage_dropped)
        passage = _Passage(call, meter, self._terms.kept_bytes_max)
        exchange.start(response.status, _headers(call, response))
        is_cut = False
        try:
            await passage.run(response, exchange)
        except (BrokeOff, TooSlow):
            is_cut = True
        except asyncio.CancelledError:
            self._settle_stream(passage, response, is_cut=True)
            if not exchange.is_gone:
                exchange.end(passage.broken_off(_CUT_HERE))
            raise
        rest = passage.unsent + meter.rest()
        if self._settle_stream(passage, response, is_cut=is_cut):
            exchange.end(rest)
        else:
            broken = "the provider ended the stream before the answer was whole"
            exchange.end(rest + passage.broken_off(broken, rest))

    def _settle_stream(self, passage: _Passage, response: Response, *, is_cut: bool) -> bool:
        """Settles; says whether the stream came to an end of its own, if only by an error."""
        call, meter = passage.call, passage.meter
        request_id = _request_id(response) or as_id(meter.answer_id)
        other_model = _other(call, meter.model)
        is_whole = meter.is_complete or (bool(meter.stop_reason) and not is_cut)
        if _is_compressed(response):
            outcome = Outcome.CUT if is_cut else Outcome.COMPLETED
            self._accounts.settle(call, Ending(outcome, Source.HOLD, None, request_id))
            return not is_cut
        if meter.is_complete and meter.usage is not None:
            message = usage_message(meter.usage)
            cost = cost_of(call, message)
            ending = Ending(
                Outcome.COMPLETED, Source.PROVIDER, meter.usage, request_id, other_model
            )
            self._accounts.settle(call, ending, cost)
            if passage.kept:
                self._answers.keep(call, passage.kept, message, cost)
            return True
        outcome = Outcome.COMPLETED if is_whole else Outcome.CUT
        if meter.has_failed:
            outcome = Outcome.FAILED
        count = partial(
            meter.settled_usage, call.input.tokens, partial(_tokens, model=call.facts.model)
        )
        counted = Ending(outcome, Source.COUNTED, None, request_id, other_model, count)
        self._accounts.settle(call, counted)
        return is_whole or meter.has_failed


class _Passage:
    """A stream passing: what is kept of it, and what the client saw last."""

    def __init__(self, call: Call, meter: StreamMeter, kept_bytes_max: int) -> None:
        self.call = call
        self.meter = meter
        self.kept: list[bytes] = []
        self.unsent = b""
        self._is_kept = bool(call.exact_key) and not call.policy.is_store_refused
        self._room_bytes = kept_bytes_max
        self._last = b""

    async def run(self, response: Response, exchange: Exchange) -> None:
        """Until the end. What one read brought goes out in one write; the last waits in
        `unsent`.
        """
        while piece := await response.piece():
            passed = self.meter.feed(piece)
            if self._is_kept:
                self._keep(piece)
            if response.is_complete:
                self.unsent = passed
                return
            if passed:
                self._last = passed
                exchange.write(passed)
            if exchange.is_full:
                await exchange.drained()

    def broken_off(self, message: str, sent: bytes = b"") -> bytes:
        """The error that ends the client's stream, after `sent` or what was sent before."""
        dialect = self.call.dialect
        event = dialect.refusal_event(RefusalKind.UNAVAILABLE, message, self.call.call_id)
        return final_words(sent or self._last, event)

    def _keep(self, piece: bytes) -> None:
        self.kept.append(piece)
        self._room_bytes -= len(piece)
        if self._room_bytes < 0:
            self._is_kept = False
            self.kept = []


def _headers(call: Call, response: Response) -> Fields:
    headers = response_headers(response.headers)
    headers += call.headers(b"miss" if call.exact_key else b"off")
    if call.price is None:
        headers.append((b"x-bursar-price", b"unknown"))
    return headers


def _request_id(response: Response) -> str:
    for name, value in response.headers:
        if name in _REQUEST_ID_FIELDS:
            return as_id(value.decode("latin-1"))
    return ""


def _is_compressed(response: Response) -> bool:
    """Against what was asked for. Then nothing can be read of it."""
    return any(
        name == b"content-encoding" and value.lower() != b"identity"
        for name, value in response.headers
    )


def _other(call: Call, model: str) -> str:
    """The model that answered, where it is another."""
    return "" if model == call.facts.model else as_id(model)


def _counted(dialect: Dialect, content: bytes, input_tokens: int, model: str) -> tuple[Usage, bool]:
    """What an answer that reports no usage comes to."""
    said = [dialect.text_of(content)]
    said += [call.arguments_json for call in dialect.tool_calls_of(content)]
    return Usage(
        input_tokens=input_tokens, output_tokens=sum(_tokens(text, model=model) for text in said)
    ), True


def _tokens(text: str, *, model: str) -> int:
    return count_text(text, model).tokens
