"""A provider's answer on its way to the client: passed on as it comes, measured, settled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from bursar.dialects.body import LOOP_BYTES_MAX
from bursar.dialects.dialect import Dialect
from bursar.dialects.usage import told_by
from bursar.errors import BursarError
from bursar.ledger.v1 import ledger_pb2
from bursar.prices.recording import usage_message
from bursar.prices.usage import Usage
from bursar.tokens.texts import count_text
from bursar_edge.accounts import Accounts, cost_of
from bursar_edge.answers import Answers
from bursar_edge.call import Call, Fields
from bursar_edge.domain import Ending, Outcome, Source, as_id, failed, is_refused_for_all, unknown
from bursar_edge.http1.client import Response
from bursar_edge.http1.errors import BrokeOff, TooSlow
from bursar_edge.http1.exchange import Exchange
from bursar_edge.passage import Passage
from bursar_edge.upstream import response_headers

_REQUEST_ID_FIELDS = (b"request-id", b"x-request-id")
_CUT_HERE = "this server is shutting down; the answer was cut"
_CUT_THERE = "the provider ended the stream before the answer was whole"


@dataclass(frozen=True, slots=True)
class RelayTerms:
    """So much of a whole answer is held to be read, and of a stream to be kept."""

    response_bytes_max: int
    kept_bytes_max: int


class Relay:
    """Brings answers of providers to their clients. Each way out of it settles the call once, and
    no client waits for that.
    """

    def __init__(self, accounts: Accounts, answers: Answers, terms: RelayTerms) -> None:
        self._accounts = accounts
        self._answers = answers
        self._terms = terms

    async def bring(self, call: Call, response: Response, exchange: Exchange) -> None:
        """Raises BrokeOff and TooSlow where the client has been told nothing yet."""
        if call.share is not None and _is_compressed(response):
            call.share.failed()  # nobody else asked for it in that form
        if not 200 <= response.status < 300:
            await self._refusal(call, response, exchange)
        elif _content_type(response).startswith(b"text/event-stream"):
            await self._stream(call, response, exchange)
        else:
            await self._whole(call, response, exchange)

    async def _refusal(self, call: Call, response: Response, exchange: Exchange) -> None:
        """The provider's own error, as it is."""
        self._accounts.settle_later(call, failed(_request_id(response)))
        content, is_whole = await response.read(self._terms.response_bytes_max)
        if not is_whole:
            raise BrokeOff("the provider's error was too long to be passed on")
        exchange.reply(response.status, _headers(call, response), content)
        if call.share is not None and is_refused_for_all(response.status, content):
            call.share.begin(response.status, _content_type(response))
            call.share.piece(content)
            call.share.refused()

    async def _whole(self, call: Call, response: Response, exchange: Exchange) -> None:
        try:
            content, is_whole = await response.read(self._terms.response_bytes_max)
        except (BursarError, asyncio.CancelledError):
            self._accounts.settle_later(call, unknown(_request_id(response)))
            raise
        if is_whole:
            await self._reply(call, response, content, exchange)
            return
        held = Ending(Outcome.COMPLETED, Source.HOLD, None, _request_id(response))
        self._accounts.settle_later(call, held)
        if call.share is not None:
            call.share.failed()  # too long to be held for others
        exchange.start(response.status, _headers(call, response))
        exchange.write(content)
        while piece := await response.piece():
            exchange.write(piece)
            await exchange.drained()
        exchange.end()

    async def _reply(
        self, call: Call, response: Response, content: bytes, exchange: Exchange
    ) -> None:
        """A complete answer goes out with what it cost, and is settled by that."""
        headers = _headers(call, response)
        if len(content) <= LOOP_BYTES_MAX:
            ending = _ending_of_whole(call, response, content)
        else:
            ending = await asyncio.to_thread(_ending_of_whole, call, response, content)
        cost = None if ending.usage is None else cost_of(call, ending.usage)
        if cost is not None and cost.is_known:
            headers.append((b"x-bursar-cost-nano-usd", b"%d" % cost.total_nano_usd))
        exchange.reply(response.status, headers, content)
        response.close()
        if call.share is not None:
            call.share.begin(response.status, _content_type(response))
            call.share.piece(content)
        await self._ended(call, (content,), ending, cost)

    async def _stream(self, call: Call, response: Response, exchange: Exchange) -> None:
        passage = Passage(call, self._terms.kept_bytes_max)
        exchange.start(response.status, _headers(call, response))
        if call.share is not None:
            call.share.begin(response.status, _content_type(response))
        is_cut = False
        try:
            await passage.run(response, exchange)
        except (BrokeOff, TooSlow):
            is_cut = True
        except asyncio.CancelledError:
            self._accounts.settle_later(call, _ending_of_stream(passage, response, is_cut=True))
            if not exchange.is_gone:
                exchange.end(passage.broken_off(_CUT_HERE))
            raise
        rest = passage.unsent + passage.meter.rest()
        ending = _ending_of_stream(passage, response, is_cut=is_cut)
        if ending.outcome is Outcome.CUT:
            rest += passage.broken_off(_CUT_THERE, rest)
        exchange.end(rest)
        response.close()
        cost = None if ending.usage is None else cost_of(call, ending.usage)
        await self._ended(call, passage.kept, ending, cost)

    async def _ended(
        self, call: Call, chunks: Sequence[bytes], ending: Ending, cost: ledger_pb2.Cost | None
    ) -> None:
        """Others who wait are told of the end, the call is settled, its answer kept if it may be.

        `cost` and the usage of `ending` are known together.
        """
        usage = content = None
        is_wanted = call.share is not None or call.is_kept
        if is_wanted and ending.usage is not None and cost is not None:
            usage = usage_message(ending.usage, is_estimate=False)
            content = await self._answers.worth_keeping(call, chunks)
        if call.share is not None and ending.outcome is Outcome.COMPLETED:
            call.share.complete(usage, cost, is_to_be_kept=content is not None)
        elif call.share is not None:
            call.share.failed()
        await self._accounts.settle(call, ending, cost)
        if content is not None and usage is not None and cost is not None:
            await self._answers.keep(call, content, usage, cost)


def _ending_of_whole(call: Call, response: Response, content: bytes) -> Ending:
    """Settled by the provider's word; by ours where it reports nothing; by the hold where nothing
    can be read.
    """
    request_id = _request_id(response)
    if _is_compressed(response):
        return Ending(Outcome.COMPLETED, Source.HOLD, None, request_id)
    told = told_by(content)
    request_id = request_id or as_id(told.id)
    usage = call.dialect.usage_of(told.usage)
    if usage is None:
        count = partial(_counted, call.dialect, content, call.input.tokens, call.facts.model)
        return Ending(Outcome.COMPLETED, Source.COUNTED, None, request_id, "", count)
    return Ending(Outcome.COMPLETED, Source.PROVIDER, usage, request_id, _other(call, told.model))


def _ending_of_stream(passage: Passage, response: Response, *, is_cut: bool) -> Ending:
    """A stream that says it is complete is settled by its own usage, any other by what came."""
    call, meter = passage.call, passage.meter
    request_id = _request_id(response) or as_id(meter.answer_id)
    if _is_compressed(response):
        outcome = Outcome.UNKNOWN if is_cut else Outcome.COMPLETED
        return Ending(outcome, Source.HOLD, None, request_id)
    other_model = _other(call, meter.model)
    if meter.is_complete and meter.usage is not None:
        return Ending(Outcome.COMPLETED, Source.PROVIDER, meter.usage, request_id, other_model)
    outcome = Outcome.CUT
    if meter.has_failed:
        outcome = Outcome.FAILED
    elif meter.is_complete or (meter.stop_reason and not is_cut):
        outcome = Outcome.COMPLETED
    count_tokens = partial(_tokens, model=call.facts.model)
    count = partial(meter.settled_usage, call.input.tokens, count_tokens)
    return Ending(outcome, Source.COUNTED, None, request_id, other_model, count)


def _headers(call: Call, response: Response) -> Fields:
    headers = response_headers(response.headers)
    headers += call.headers(b"miss" if call.exact_key else b"off")
    if call.price is None:
        headers.append((b"x-bursar-price", b"unknown"))
    return headers


def _content_type(response: Response) -> bytes:
    return dict(response.headers).get(b"content-type", b"")


def _request_id(response: Response) -> str:
    for name, value in response.headers:
        if name in _REQUEST_ID_FIELDS:
            return as_id(value.decode("latin-1"))
    return ""


def _is_compressed(response: Response) -> bool:
    """Against what was asked for. Then nothing can be read of it."""
    coding = dict(response.headers).get(b"content-encoding", b"identity")
    return coding.lower() != b"identity"


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
