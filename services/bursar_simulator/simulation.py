"""From a request to the answer it gets: the provider behind all wire formats, without its HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import msgspec

from bursar.dialects.body import JsonObject, encode
from bursar.dialects.dialect import RequestFacts
from bursar.errors import InvalidRequest
from bursar.prices.usage import Usage
from bursar.tokens.cache import CountCache
from bursar.tokens.chats import count_chat, count_chat_async
from bursar.tokens.texts import count_text
from bursar_simulator import anthropic_format, directive
from bursar_simulator.directive import Directive
from bursar_simulator.domain import Reply, reply_to
from bursar_simulator.faults import Faults
from bursar_simulator.prompt_cache import (
    NOTHING_CACHED,
    AnthropicPromptCache,
    CacheUse,
    OpenAiPromptCache,
)
from bursar_simulator.rate_limits import RateLimits
from bursar_simulator.request_blocks import marks_in
from bursar_simulator.served import Outcome, Served, ServedCall
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.wire_format import Answer, WireFormat
from bursar_simulator.wishes import OUTPUT_TOKENS_DEFAULT, last_words, wishes_of

HEALTHY = Directive()
_TELLS_CACHE_WRITES = re.compile(r"gpt-(?:5\.[6-9]|[6-9])")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came. `tail` ends all ids that are made for it."""

    wire_format: WireFormat
    headers: Mapping[str, str]
    body: bytes
    tail: str

    @property
    def request_id(self) -> str:
        return f"req_{self.tail}"

    @property
    def has_marks(self) -> bool:
        """Whether it may carry `cache_control`: without that no block needs to be looked at."""
        return b'"cache_control"' in self.body


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is answered: `body` is the plain answer, `directive` how to deliver it."""

    wire_format: WireFormat
    facts: RequestFacts
    directive: Directive
    request_id: str
    answer_id: str
    usage: Usage
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that is refused."""

    directive: Directive
    status: int
    body: bytes
    headers: dict[str, str]


class Simulation:
    """All that the provider remembers. `run_id` keeps its ids apart from those of other runs;
    `clock` gives nanoseconds since 1970 UTC.
    """

    def __init__(self, settings: SimulatorSettings, run_id: str, clock: Callable[[], int]) -> None:
        self.served = Served(settings.calls_kept_max)
        self.faults = Faults()
        self.calls_in_flight = 0
        self._changed = asyncio.Event()
        self._run_id = run_id
        self._clock = clock
        self._numbers = count(1)
        self._limits = RateLimits(settings.requests_per_minute, settings.tokens_per_minute)
        self._counts = CountCache()
        self._marked_prefixes = AnthropicPromptCache()
        self._automatic_prefixes = OpenAiPromptCache()

    async def take(
        self, wire_format: WireFormat, headers: Mapping[str, str], body: bytes
    ) -> Call | Failure:
        """The answer to one request."""
        tail = f"{self._run_id}{next(self._numbers):010d}"
        arrival = Arrival(wire_format, headers, body, tail)
        try:
            facts = wire_format.DIALECT.facts(body)
            told = self._directive(arrival, facts)
            _check(arrival, facts)
        except InvalidRequest as refused:
            return self._failure(arrival, replace(HEALTHY, status=400), "", str(refused))
        if not told.status and not wire_format.DIALECT.credentials_in(headers):
            told = replace(told, status=401)
        if told.status:
            message = f"SIMULATED error {told.status}"
            return self._failure(arrival, told, facts.model, message)
        call = await self._call(arrival, facts, told)
        self.calls_in_flight += 1
        self._tell_change()
        return call

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until `condition` holds; it is asked again whenever a call begins or ends."""
        while not condition():
            await self._changed.wait()

    async def input_tokens(self, wire_format: WireFormat, request: JsonObject, model: str) -> int:
        """What a request counts, cached or not."""
        counted = await count_chat_async(
            request, model, wire_format.DIALECT.CHAT_FORMAT, self._counts
        )
        return counted.tokens

    def ended(self, call: Call, outcome: Outcome, sent: bytes) -> None:
        """Notes how a call ended. `sent` is what went out of it."""
        usage = call.usage
        if outcome is Outcome.UNANSWERED:
            usage = Usage()
        elif call.facts.is_streaming and outcome is not Outcome.COMPLETE:
            usage = _usage_of_sent(call, sent)
        self.served.add(
            ServedCall(
                request_id=call.request_id,
                answer_id=call.answer_id,
                wire_format=call.wire_format.NAME,
                model=call.facts.model,
                status=200,
                is_streaming=call.facts.is_streaming,
                outcome=outcome,
                sent_bytes=len(sent),
                usage=usage,
            )
        )
        self.calls_in_flight -= 1
        self._tell_change()

    def _tell_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _failure(self, arrival: Arrival, told: Directive, model: str, message: str) -> Failure:
        """A refusal, noted among what was served."""
        wire_format, request_id = arrival.wire_format, arrival.request_id
        headers = wire_format.headers(request_id, self._limits.take(0, self._clock()))
        if told.retry_after_s >= 0:
            headers["retry-after"] = str(told.retry_after_s)
        self.served.add(
            ServedCall(
                request_id=request_id,
                answer_id="",
                wire_format=wire_format.NAME,
                model=model,
                status=told.status,
                is_streaming=False,
                outcome=Outcome.REFUSED,
                sent_bytes=0,
                usage=Usage(),
            )
        )
        body = encode(wire_format.error(told.status, message, request_id))
        return Failure(told, told.status, body, headers)

    def _directive(self, arrival: Arrival, facts: RequestFacts) -> Directive:
        """A fault set beforehand, else the header's, else the message's."""
        fault = self.faults.next_for(facts.model)
        if fault is not None:
            return fault
        text = arrival.headers.get(directive.HEADER) or directive.in_text(
            "\n".join(last_words(arrival.wire_format.chat(facts.body)))
        )
        return directive.parse(text) if text else HEALTHY

    async def _call(self, arrival: Arrival, facts: RequestFacts, told: Directive) -> Call:
        wire_format = arrival.wire_format
        count_tokens = partial(_tokens, facts.model)
        replies = tuple(
            reply_to(wish, count_tokens) for wish in wishes_of(wire_format, facts, told)
        )
        usage = await self._usage(arrival, facts, told, replies)
        now_ns = self._clock()
        answer_id = wire_format.answer_id(arrival.tail)
        answer = Answer(
            answer_id=answer_id,
            facts=facts,
            replies=replies,
            usage=usage,
            created_s=now_ns // 1_000_000_000,
            is_usage_missing=told.is_usage_missing,
        )
        room = self._limits.take(usage.input_tokens + usage.output_tokens, now_ns)
        return Call(
            wire_format=wire_format,
            facts=facts,
            directive=told,
            request_id=arrival.request_id,
            answer_id=answer_id,
            usage=usage,
            body=encode(wire_format.answer(answer)),
            headers=wire_format.headers(arrival.request_id, room),
        )

    async def _usage(
        self, arrival: Arrival, facts: RequestFacts, told: Directive, replies: tuple[Reply, ...]
    ) -> Usage:
        input_tokens = await self.input_tokens(arrival.wire_format, facts.body, facts.model)
        cached = self._cache_use(arrival, facts, input_tokens)
        output_tokens = sum(reply.output_tokens for reply in replies)
        if told.overbill_tokens:
            bound_tokens = facts.output_bound_tokens or OUTPUT_TOKENS_DEFAULT
            output_tokens = bound_tokens + told.overbill_tokens
        return Usage(
            input_tokens=input_tokens,
            cached_input_tokens=cached.read_tokens,
            cache_write_tokens=cached.write_tokens,
            cache_write_1h_tokens=cached.write_1h_tokens,
            output_tokens=output_tokens,
            reasoning_tokens=sum(reply.reasoning_tokens for reply in replies),
        )

    def _cache_use(self, arrival: Arrival, facts: RequestFacts, input_tokens: int) -> CacheUse:
        """What the prompt cache gives and takes; each key and model has its own."""
        wire_format = arrival.wire_format
        scope = f"{wire_format.DIALECT.credentials_in(arrival.headers)} {facts.model}".encode()
        if wire_format.NAME != anthropic_format.NAME:
            is_write_told = bool(_TELLS_CACHE_WRITES.match(facts.model))
            return self._automatic_prefixes.use(
                wire_format.chat(facts.body), scope, input_tokens, self._clock(), is_write_told
            )
        if not arrival.has_marks:
            return NOTHING_CACHED

        def count_prefix(prefix: JsonObject) -> int:
            counted = count_chat(prefix, facts.model, wire_format.DIALECT.CHAT_FORMAT, self._counts)
            return min(counted.tokens, input_tokens)

        return self._marked_prefixes.use(facts.body, scope, count_prefix, self._clock())


def _check(arrival: Arrival, facts: RequestFacts) -> None:
    """What Anthropic refuses beyond what its facts do."""
    if arrival.wire_format.NAME != anthropic_format.NAME:
        return
    if facts.max_output_tokens is None:
        raise InvalidRequest.of("max_tokens", "missing", "give a whole number of at least 1")
    marks_max = AnthropicPromptCache.MARKS_MAX
    if arrival.has_marks and (marks := marks_in(facts.body)) > marks_max:
        raise InvalidRequest.of("cache_control", marks, f"mark at most {marks_max} blocks")


def _usage_of_sent(call: Call, sent: bytes) -> Usage:
    """All the input, and of the output what went out."""
    meter = call.wire_format.DIALECT.stream_meter(False)
    meter.feed(sent)
    said_tokens = meter.text.estimated_tokens(partial(_tokens, call.facts.model))
    output_tokens = min(said_tokens, call.usage.output_tokens)
    reasoning_tokens = min(call.usage.reasoning_tokens, output_tokens)
    return msgspec.structs.replace(
        call.usage, output_tokens=output_tokens, reasoning_tokens=reasoning_tokens
    )


def _tokens(model: str, text: str) -> int:
    return count_text(text, model).tokens
