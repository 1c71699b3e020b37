"""What the edge and the executor need of a provider's wire format, whichever it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import msgspec

from bursar.dialects.body import JsonObject
from bursar.dialects.caching import CachePolicy, Uncacheable
from bursar.dialects.meter import StreamMeter
from bursar.dialects.refusal import Refusal, RefusalKind
from bursar.dialects.usage import UsageObject
from bursar.executor.v1 import executor_pb2
from bursar.prices.usage import Usage
from bursar.tokens.chats import ChatFormat


class RequestFacts(msgspec.Struct, frozen=True):
    """What a request says about its cost. `body` is the decoded whole, for counting its tokens.

    `max_output_tokens` is the bound of one answer, None where the request sets none; `answers` is
    how many it asks for. `temperature` is None where the provider's default holds, which samples.
    `is_usage_streamed` says that a stream will bring its usage without our asking for it. (One is
    made for every call: a frozen dataclass of this size takes 1.7 us to make, a struct 0.2.)
    """

    model: str
    is_streaming: bool
    max_output_tokens: int | None
    answers: int
    temperature: float | None
    has_tools: bool
    is_usage_streamed: bool
    body: JsonObject

    @property
    def output_bound_tokens(self) -> int | None:
        """The most that all answers together may bring; None where the request sets no bound."""
        return None if self.max_output_tokens is None else self.max_output_tokens * self.answers


class Dialect(Protocol):
    """One wire format: the modules `anthropic_messages`, `openai_chat`, `openai_responses` and
    `gemini`.

    Nothing here does I/O, and bytes that are not understood are never written anew.
    """

    @property
    def PATH(self) -> str:
        """Where requests go, below the provider's base address."""
        ...

    @property
    def CHAT_FORMAT(self) -> ChatFormat:
        """How the tokens of its requests are counted."""
        ...

    @property
    def KEY_HEADERS(self) -> tuple[bytes, ...]:
        """Request headers that change the answer: part of an exact cache key beside the body."""
        ...

    def address(self, model: str) -> str:
        """Path and query of a streamed request to this model, below the base address."""
        ...

    def facts(self, body: bytes) -> RequestFacts:
        """Raises InvalidRequest, naming the field, for a body that no provider would take."""
        ...

    def with_max_output_tokens(self, body: bytes, max_output_tokens: int) -> bytes:
        """The same request with that bound on one answer; every other field keeps its bytes."""
        ...

    def with_usage_in_stream(self, body: bytes) -> bytes:
        """The same request, its stream told to bring the usage."""
        ...

    def canonical_key_form(self, facts: RequestFacts) -> bytes:
        """Canonical JSON of all in the body that changes the answer, for exact cache keys."""
        ...

    def why_uncacheable(
        self, facts: RequestFacts, response: bytes, policy: CachePolicy
    ) -> Uncacheable | None:
        """None when the complete answer may be kept under `policy`."""
        ...

    def usage_in_response(self, response: bytes) -> Usage | None:
        """None where the provider reported none: then it has to be estimated."""
        ...

    def usage_of(self, reported: UsageObject | None) -> Usage | None:
        """The same of a usage object that was found already."""
        ...

    def stream_meter(self, is_usage_dropped: bool) -> StreamMeter:
        """A meter for one stream, which takes out the usage the client did not ask for if told."""
        ...

    def as_stream(self, response: bytes, is_usage_streamed: bool) -> Iterator[bytes]:
        """A complete answer as the events a stream would have brought, one a piece."""
        ...

    def from_stream(self, chunks: Iterable[bytes]) -> bytes | None:
        """The answer a complete stream amounts to; None for one that failed or was cut."""
        ...

    def credentials_in(self, headers: Mapping[str, str]) -> str:
        """The API key a client sent, by header names in lower case; empty for none."""
        ...

    def credentials(self, api_key: str) -> tuple[tuple[str, str], ...]:
        """The headers that carry a key to the provider."""
        ...

    def refusal(
        self, kind: RefusalKind, message: str, request_id: str, retry_after_s: int | None = None
    ) -> Refusal:
        """An error in the provider's own shape."""
        ...

    def refusal_event(self, kind: RefusalKind, message: str, request_id: str) -> bytes:
        """The same inside a stream that has begun, as its last event."""
        ...

    def request(self, call: executor_pb2.GenerateRequest, is_streaming: bool) -> bytes:
        """The request body for a call whose model, bound and messages are set."""
        ...

    def text_delta(self, event: JsonObject) -> str:
        """The words that one decoded event of a stream adds; empty for other events."""
        ...

    def text_of(self, response: bytes) -> str:
        """The words of an answer, without its thoughts and tool calls."""
        ...

    def tool_calls_of(self, response: bytes) -> tuple[executor_pb2.ToolCall, ...]:
        """The calls an answer makes, in order."""
        ...
