"""One metered call under way: what is known of it from its start on."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bursar.dialects.caching import CachePolicy
from bursar.dialects.dialect import Dialect, RequestFacts
from bursar.ledger.v1 import ledger_pb2
from bursar.prices.rows import PriceRow
from bursar.telemetry.context import TraceContext
from bursar.tokens.counts import TokenCount
from bursar_edge.sharing import Sharing
from bursar_edge.upstream import Upstream

Fields = list[tuple[bytes, bytes]]


class Call(msgspec.Struct):
    """Facts of the request, for whom and where to it goes, and what is held for it.

    `exact_key` is empty where no cache is asked; `share` is there for who makes an answer that
    others may wait for. `began_ns` is on a clock that never goes back.
    """

    call_id: str
    trace: TraceContext
    upstream: Upstream
    facts: RequestFacts
    attribution: ledger_pb2.Attribution
    target: ledger_pb2.Target
    policy: CachePolicy
    began_ns: int
    input: TokenCount
    exact_key: bytes = b""
    price: PriceRow | None = None
    held: ledger_pb2.Amounts | None = None
    reservation_id: str = ""
    is_settled: bool = False
    savings: Sequence[ledger_pb2.Saving] = ()
    share: Sharing | None = None

    @property
    def dialect(self) -> Dialect:
        """The wire format of both its sides."""
        return self.upstream.dialect

    @property
    def is_kept(self) -> bool:
        """Whether its answer may go to the cache, if it turns out to be one for that."""
        return bool(self.exact_key) and not self.policy.is_store_refused

    @property
    def is_shared(self) -> bool:
        """Whether what another makes at the same time is an answer to it, too, and the other way
        round. An answer that may call tools is, where such ones may be kept.
        """
        return self.is_kept and (self.policy.are_tool_calls_allowed or not self.facts.has_tools)

    def headers(self, cache: bytes) -> Fields:
        """What the edge tells of the call. `cache`: hit, shared, miss or off."""
        return [
            (b"x-bursar-call-id", self.call_id.encode()),
            (b"x-bursar-trace-id", self.trace.trace_hex.encode()),
            (b"x-bursar-cache", cache),
        ]
