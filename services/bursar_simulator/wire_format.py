"""What the server needs of a wire format beyond its dialect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bursar.dialects.body import Json, JsonObject
from bursar.dialects.dialect import Dialect, RequestFacts
from bursar.prices.usage import Usage
from bursar_simulator.domain import Reply
from bursar_simulator.rate_limits import Room


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes into an answer's body."""

    answer_id: str
    facts: RequestFacts
    replies: tuple[Reply, ...]
    usage: Usage
    created_s: int
    is_usage_missing: bool


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool of the request."""

    name: str
    schema: Json


class WireFormat(Protocol):
    """One provider's side: the modules named `…_format`."""

    @property
    def NAME(self) -> str:
        """As it stands in `/simulator/served`."""
        ...

    @property
    def DIALECT(self) -> Dialect:
        """How requests are read and answers streamed."""
        ...

    def chat(self, request: JsonObject) -> JsonObject:
        """The request with its turns as `messages`, as the two older formats have them."""
        ...

    def tools_in(self, request: JsonObject) -> tuple[tuple[OfferedTool, ...], str]:
        """(the tools offered, the name the request forces; `*` for any, empty for none)."""
        ...

    def answer_id(self, tail: str) -> str:
        """An answer's id as this provider writes them."""
        ...

    def answer(self, answer: Answer) -> JsonObject:
        """The body of a plain answer."""
        ...

    def error(self, status: int, message: str, request_id: str) -> JsonObject:
        """The body of an error."""
        ...

    def error_event(self, message: str, request_id: str) -> bytes:
        """An overload that shows inside a stream."""
        ...

    def headers(self, request_id: str, room: Room) -> dict[str, str]:
        """The request's id and what is left of the rate limits."""
        ...
