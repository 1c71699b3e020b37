"""The fold of the `cache` stream: what was found and saved, by tenant, and what was forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, fields

from bursar.events.v1 import cache_pb2 as events
from bursar.events.v1 import event_pb2
from bursar_cache import wire
from bursar_cache.domain import Selection
from bursar_cache.semantic.experiences import Experiences


@dataclass(slots=True)
class Totals:
    """Of one tenant, or of all."""

    hits: int = 0
    misses: int = 0
    stores: int = 0
    tokens_saved: int = 0
    cost_saved_nano_usd: int = 0

    @property
    def total_requests(self) -> int:
        return self.hits + self.misses

    @property
    def hit_rate(self) -> float:
        """hits / total_requests; 0 when there were none."""
        return self.hits / self.total_requests if self.total_requests else 0.0

    def add(self, other: Totals) -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(slots=True)
class CacheTotals:
    """What the log says of every tenant, and what look-ups by meaning have learned."""

    by_tenant: defaultdict[str, Totals] = field(default_factory=lambda: defaultdict(Totals))
    experiences: Experiences = field(default_factory=Experiences)

    def of(self, tenant_id: str) -> Totals:
        """One tenant's; the sum of all for an empty id."""
        if tenant_id:
            return self.by_tenant.get(tenant_id, Totals())
        total = Totals()
        for each in self.by_tenant.values():
            total.add(each)
        return total


Invalidated = Callable[[str, Selection, int], None]
"""Told of each invalidation: its event id, what it selects, and when it was."""


def fold(invalidated: Invalidated) -> Callable[[CacheTotals, bytes, int], CacheTotals]:
    """How one event changes the totals. Kinds that are not counted are passed over."""

    def apply(totals: CacheTotals, event_bytes: bytes, number: int) -> CacheTotals:
        event = event_pb2.Event.FromString(event_bytes)
        match event.kind:
            case wire.HIT:
                hit = events.CacheHit.FromString(event.payload)
                _add_hit(totals.by_tenant[event.tenant_id], hit)
                if hit.HasField("evidence"):
                    totals.experiences.asked(event.tenant_id, hit.evidence)
            case wire.MISS:
                totals.by_tenant[event.tenant_id].misses += 1
                miss = events.CacheMiss.FromString(event.payload)
                if miss.HasField("evidence"):
                    totals.experiences.asked(event.tenant_id, miss.evidence)
            case wire.LABELLED:
                label = events.CacheLabelled.FromString(event.payload)
                totals.experiences.labelled(event.tenant_id, label.evidence, label.is_right)
            case wire.STORED:
                totals.by_tenant[event.tenant_id].stores += 1
            case wire.INVALIDATED:
                selection = wire.invalidated_selection(event.payload)
                if selection is not None:
                    invalidated(event.event_id, selection, event.at_ns)
        return totals

    return apply


def _add_hit(totals: Totals, hit: events.CacheHit) -> None:
    totals.hits += 1
    totals.tokens_saved += hit.saved_usage.input_tokens + hit.saved_usage.output_tokens
    if hit.saved_cost.is_known:
        totals.cost_saved_nano_usd += hit.saved_cost.total_nano_usd
