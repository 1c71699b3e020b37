"""The cache's words to and from the contract's, and its events as bytes."""

from __future__ import annotations

from collections.abc import Callable

from bursar.cache.v1 import cache_pb2 as contract
from bursar.errors import InvalidRequest
from bursar.eventlog.envelope import DEFAULT_TENANT_ID
from bursar.events.v1 import cache_pb2 as events
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_cache.domain import (
    DEPENDENCY_MARK,
    EVER_NS,
    KEY_BYTES,
    Answer,
    Selection,
    Selector,
    Strategy,
)
from bursar_cache.memory import Eviction, Kept, Place
from bursar_cache.packing import Codec, body_of

HIT, MISS, STORED = "cache.hit", "cache.miss", "cache.stored"
INVALIDATED, EVICTED = "cache.invalidated", "cache.evicted"
LABELLED = "cache.labelled"

_STRATEGIES: dict[int, Strategy] = {
    planner_pb2.CACHE_STRATEGY_UNSPECIFIED: Strategy.STANDARD,
    planner_pb2.CACHE_STRATEGY_AGGRESSIVE: Strategy.AGGRESSIVE,
    planner_pb2.CACHE_STRATEGY_STANDARD: Strategy.STANDARD,
    planner_pb2.CACHE_STRATEGY_SELECTIVE: Strategy.SELECTIVE,
    planner_pb2.CACHE_STRATEGY_MINIMAL: Strategy.MINIMAL,
    planner_pb2.CACHE_STRATEGY_NONE: Strategy.NONE,
}


def place_of(
    attribution: ledger_pb2.Attribution,
    key: contract.Key,
    keyed_hash: Callable[[str, bytes], bytes],
) -> Place:
    """Where the answer to a request stands. The canonical form is hashed under the tenant's key."""
    tenant_id = attribution.tenant_id or DEFAULT_TENANT_ID
    exact_key = key.exact_key
    if exact_key:
        return (tenant_id, checked_key(exact_key))
    canonical_form = key.canonical_form
    if not canonical_form:
        remedy = "give the canonical form of the request, or its keyed hash"
        raise InvalidRequest.of("key", "nothing", remedy)
    return (tenant_id, keyed_hash(tenant_id, canonical_form))


def checked_key(exact_key: bytes) -> bytes:
    """Raises InvalidRequest for anything but 32 bytes."""
    if len(exact_key) != KEY_BYTES:
        remedy = f"give the {KEY_BYTES} bytes of an HMAC-SHA256"
        raise InvalidRequest.of("exact_key", f"{len(exact_key)} bytes", remedy)
    return exact_key


def strategy_of(number: int) -> Strategy:
    """Standard where none is given. Raises InvalidRequest for one this version does not know."""
    strategy = _STRATEGIES.get(number)
    if strategy is None:
        raise InvalidRequest.of("strategy", number, "use a CacheStrategy of the contract")
    return strategy


def answer_of(request: contract.StoreRequest) -> Answer:
    """What the rules look at."""
    entry = request.entry
    return Answer(
        content_bytes=entry.ByteSize(),
        is_complete=request.is_complete,
        cost_nano_usd=entry.cost.total_nano_usd if entry.cost.is_known else 0,
        tokens=entry.usage.input_tokens + entry.usage.output_tokens,
        tags=tuple(dict.fromkeys((*entry.tags, *_marked(entry)))),
    )


def _marked(entry: contract.Entry) -> list[str]:
    return [DEPENDENCY_MARK + name for name in entry.dependencies]


def kept_of(
    request: contract.StoreRequest, place: Place, tags: tuple[str, ...], times_ns: tuple[int, int]
) -> Kept:
    """The entry as it is kept: a copy, with what the service sets. `times_ns`: stored and expires
    at.
    """
    response = contract.LookupResponse(is_hit=True, entry=request.entry)
    entry = response.entry
    entry.exact_key = place[1]
    entry.stored_at_ns, entry.expires_at_ns = times_ns
    if tags:
        del entry.tags[:], entry.dependencies[:]
        entry.tags.extend(tags)
    hit = events.CacheHit(
        target=entry.target,
        exact_key=place[1],
        saved_usage=entry.usage,
        saved_cost=entry.cost,
        content_kind=entry.content_kind,
    )
    body = body_of(response.SerializeToString(), hit.SerializeToString())
    return Kept(place, entry.target.model, tags, *times_ns, Codec.PLAIN, body)


def hit_event(
    request: contract.LookupRequest,
    layer: contract.Layer.ValueType,
    known: bytes,
    evidence: contract.Evidence | None = None,
) -> bytes:
    """The payload of a hit. Fields of one message may come in parts: `known` is what is the same
    for every hit of an entry.
    """
    own = events.CacheHit(attribution=request.attribution, layer=layer, evidence=evidence)
    return own.SerializeToString() + known


def made_hit(request: contract.LookupRequest, exact_key: bytes, last: contract.MadePart) -> bytes:
    """What `hit_event` needs to know of an answer that was made while its asker waited."""
    return events.CacheHit(
        target=request.target, exact_key=exact_key, saved_usage=last.usage, saved_cost=last.cost
    ).SerializeToString()


def miss_event(
    request: contract.LookupRequest,
    exact_key: bytes,
    miss_reason: str,
    evidence: contract.Evidence | None = None,
) -> bytes:
    return events.CacheMiss(
        attribution=request.attribution,
        target=request.target,
        exact_key=exact_key,
        miss_reason=miss_reason,
        evidence=evidence,
    ).SerializeToString()


def labelled_event(
    attribution: ledger_pb2.Attribution,
    evidence: contract.Evidence,
    source: str,
    is_right: bool,
) -> bytes:
    return events.CacheLabelled(
        attribution=attribution, evidence=evidence, source=source, is_right=is_right
    ).SerializeToString()


def stored_event(request: contract.StoreRequest, exact_key: bytes, expires_at_ns: int) -> bytes:
    entry = request.entry
    return events.CacheStored(
        attribution=request.attribution,
        target=entry.target,
        exact_key=exact_key,
        content_bytes=len(entry.content),
        expires_at_ns=expires_at_ns,
        content_kind=entry.content_kind,
    ).SerializeToString()


def evicted_event(eviction: Eviction, layer: contract.Layer.ValueType) -> bytes:
    return events.CacheEvicted(
        tenant_id=eviction.place[0],
        exact_key=eviction.place[1],
        layer=layer,
        reason=eviction.reason,
    ).SerializeToString()


def selection_of(request: contract.InvalidateRequest, now_ns: int) -> Selection:
    """What the request selects. Raises InvalidRequest when it selects nothing."""
    tenant_id = request.tenant_id or DEFAULT_TENANT_ID
    chosen = request.WhichOneof("selection")
    match chosen:
        case "exact_key":
            key = checked_key(request.exact_key)
            return Selection(tenant_id, Selector.KEY, exact_key=key)
        case "tag" | "tag_prefix" | "dependency" | "model" if getattr(request, chosen):
            return Selection(tenant_id, Selector(chosen), getattr(request, chosen))
        case "everything" if request.everything:
            return Selection(tenant_id, Selector.EVERYTHING)
        case "older_than_ns" if request.older_than_ns > 0:
            until_ns = now_ns - request.older_than_ns
            return Selection(tenant_id, Selector.EVERYTHING, stored_until_ns=until_ns)
    remedy = "give a key, a tag or its beginning, a dependency, a model, an age, or everything"
    raise InvalidRequest.of("selection", "nothing", remedy)


def invalidated_event(selection: Selection, reason: str, entries: int) -> bytes:
    selector, name = selection.selector, selection.name
    event = events.CacheInvalidated(
        tenant_id=selection.tenant_id,
        selection=selector,
        exact_key=selection.exact_key,
        tag=name if selector is Selector.TAG else "",
        model=name if selector is Selector.MODEL else "",
        name=name if selector in (Selector.TAG_PREFIX, Selector.DEPENDENCY) else "",
        reason=reason,
        invalidated_entries=entries,
    )
    if selection.stored_until_ns != EVER_NS:
        event.stored_until_ns = selection.stored_until_ns
    return event.SerializeToString()


def invalidated_selection(payload: bytes) -> Selection | None:
    """What an invalidation of the log selects; None for a kind this version does not know."""
    event = events.CacheInvalidated.FromString(payload)
    if event.selection not in list(Selector):
        return None
    return Selection(
        event.tenant_id,
        Selector(event.selection),
        event.tag or event.model or event.name,
        event.exact_key,
        event.stored_until_ns or EVER_NS,
    )
