"""The service gives an answer it has, says why it has none, and tells the log of both."""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack

import pytest

from bursar.cache.v1 import cache_pb2 as contract
from bursar.errors import DeadlineExceeded, InvalidRequest, LogUnavailable, Unavailable
from bursar.eventlog.frame import decode
from bursar.eventlog.memory import MemoryLog
from bursar.events.v1 import cache_pb2 as events
from bursar.events.v1 import event_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.rpc import deadline
from bursar_cache.service import STREAM
from cache_entries import ATTRIBUTION, HOUR_NS, entry_of, key_of, lookup_of, store_of
from cache_services import Clock, invalidated, running

AGGRESSIVE = planner_pb2.CACHE_STRATEGY_AGGRESSIVE
SELECTIVE = planner_pb2.CACHE_STRATEGY_SELECTIVE
MINIMAL = planner_pb2.CACHE_STRATEGY_MINIMAL
NONE = planner_pb2.CACHE_STRATEGY_NONE
OTHER = ledger_pb2.Attribution(tenant_id="other")


async def events_of(log):
    found = []
    tail = await log.tail(STREAM)
    for sequence in range(1, tail.sequence + 1):
        record = await log.get(STREAM, sequence)
        found += map(event_pb2.Event.FromString, decode(record.frame, STREAM, sequence).events)
    return found


async def has_read_the_log(replica):
    """Its own invalidation comes back behind what was in the log; the second one is forgotten on
    disk behind that.
    """
    await invalidated(replica, tag="none has this")
    await invalidated(replica, tag="none has this")


@pytest.mark.parametrize("settings", [{}, {"disk_bytes_max": 0}])
async def test_an_answer_comes_back_byte_for_byte_with_what_it_took(tmp_path, settings):
    clock = Clock()
    entry = entry_of(content=bytes(range(256)) * 20, tags=("a", "b", "a"))
    async with running(tmp_path, clock=clock, **settings) as service:
        stored = await service.store(store_of("q", entry))
        found = await service.lookup(lookup_of("q"))

    assert stored == contract.StoreResponse(
        is_stored=True, expires_at_ns=clock.now_ns + 24 * HOUR_NS
    )
    assert (found.is_hit, found.miss_reason, found.layer) == (True, "", contract.LAYER_MEMORY)
    expected = entry_of(content=entry.content, tags=("a", "b"))
    expected.exact_key = key_of("q")
    expected.stored_at_ns = clock.now_ns
    expected.expires_at_ns = stored.expires_at_ns
    assert found.entry == expected


async def test_what_the_disk_has_is_given_after_a_restart_and_then_from_memory(tmp_path):
    async with running(tmp_path) as service:
        await service.store(store_of("q"))
    async with running(tmp_path) as service:
        first = await service.lookup(lookup_of("q"))
        second = await service.lookup(lookup_of("q"))

    assert (first.layer, second.layer) == (contract.LAYER_DISK, contract.LAYER_MEMORY)
    assert first.entry == second.entry


async def test_a_look_up_never_suspends(tmp_path):
    async with running(tmp_path) as service:
        await service.store(store_of("q"))
    async with running(tmp_path) as service:
        for name in ("q", "q", "absent"):
            with pytest.raises(StopIteration):
                service.lookup(lookup_of(name)).send(None)


async def test_a_caller_who_changes_an_answer_changes_only_its_own(tmp_path):
    async with running(tmp_path) as service:
        request = store_of("q")
        await service.store(request)
        request.entry.content = b"changed"
        first = await service.lookup(lookup_of("q"))
        first.entry.content = b"changed"
        second = await service.lookup(lookup_of("q"))

    assert second.entry.content == b"an answer"


async def test_an_entry_is_given_until_it_expires_and_in_no_layer_after(tmp_path):
    clock = Clock()
    async with running(tmp_path, clock=clock) as service:
        stored = await service.store(store_of("q", ttl_ns=10))
        clock.now_ns += 9
        assert (await service.lookup(lookup_of("q"))).is_hit
        clock.now_ns += 1
        assert stored.expires_at_ns == clock.now_ns
        assert (await service.lookup(lookup_of("q"))).miss_reason == "expired"
    async with running(tmp_path, clock=clock) as service:
        assert (await service.lookup(lookup_of("q"))).miss_reason == "expired"


async def test_tenants_never_meet_by_key_or_by_form(tmp_path):
    form = contract.Key(canonical_form=b"claude:0:what is a ledger")
    async with running(tmp_path) as service:
        for attribution, content in ((ATTRIBUTION, b"for acme"), (OTHER, b"for other")):
            request = store_of("q", entry_of(content), attribution)
            await service.store(request)
            request.key.CopyFrom(form)
            await service.store(request)
        for key in (contract.Key(exact_key=key_of("q")), form):
            for attribution, content in ((ATTRIBUTION, b"for acme"), (OTHER, b"for other")):
                request = contract.LookupRequest(attribution=attribution, key=key)
                assert (await service.lookup(request)).entry.content == content
            stranger = contract.LookupRequest(key=key)
            assert (await service.lookup(stranger)).miss_reason == "absent"
        assert await invalidated(service, everything=True) == 2
        assert (await service.lookup(lookup_of("q", OTHER))).is_hit
        found = await service.lookup(contract.LookupRequest(attribution=OTHER, key=form))

    assert found.entry.exact_key != form.canonical_form
    assert len(found.entry.exact_key) == 32


@pytest.mark.parametrize(
    ("strategy", "entry", "fields", "reason"),
    [
        (AGGRESSIVE, entry_of(), {"is_complete": False}, "incomplete"),
        (SELECTIVE, entry_of(), {}, "strategy"),
        (MINIMAL, entry_of(), {}, "strategy"),
        (NONE, entry_of(tags=("x",)), {}, "strategy"),
        (AGGRESSIVE, entry_of(bytes(2_000)), {}, "too_large"),
    ],
)
async def test_an_answer_that_is_not_kept_says_why(tmp_path, strategy, entry, fields, reason):
    async with running(tmp_path, entry_bytes_max=2_000) as service:
        refused = await service.store(store_of("q", entry, strategy=strategy, **fields))
        found = await service.lookup(lookup_of("q"))

    assert refused == contract.StoreResponse(refused_reason=reason)
    assert found == contract.LookupResponse(miss_reason="absent")


async def test_strategy_none_is_given_nothing_that_others_stored(tmp_path):
    async with running(tmp_path) as service:
        await service.store(store_of("q", strategy=AGGRESSIVE))
        found = await service.lookup(lookup_of("q", strategy=NONE))

    assert found == contract.LookupResponse(miss_reason="strategy")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (store_of("q", ttl_ns=-1), "ttl_ns"),
        (store_of("q", strategy=9), "strategy"),
        (store_of("q", entry_of(tags=("",))), "entry.tags"),
        (contract.StoreRequest(key=contract.Key(exact_key=b"short")), "exact_key"),
        (contract.StoreRequest(), "key"),
    ],
)
async def test_a_store_that_cannot_be_done_names_the_field(tmp_path, request_, field):
    async with running(tmp_path) as service:
        with pytest.raises(InvalidRequest) as refused:
            await service.store(request_)

    assert [violation.field for violation in refused.value.violations] == [field]


@pytest.mark.parametrize("selection", [{}, {"tag": ""}, {"model": ""}, {"everything": False}])
async def test_an_invalidation_of_nothing_is_refused(tmp_path, selection):
    async with running(tmp_path) as service:
        await service.store(store_of("q"))
        with pytest.raises(InvalidRequest, match="selection"):
            await invalidated(service, **selection)
        assert (await service.lookup(lookup_of("q"))).is_hit


async def test_a_full_disk_leaves_the_answer_in_memory_and_says_so(tmp_path):
    async with running(tmp_path, disk_free_pct_min=100) as service:
        refused = await service.store(store_of("q"))
        found = await service.lookup(lookup_of("q"))

    assert (refused.is_stored, refused.refused_reason) == (False, "disk_full")
    assert found.layer == contract.LAYER_MEMORY


@pytest.mark.parametrize(
    "selection", [{"exact_key": key_of("q")}, {"tag": "x"}, {"model": "m"}, {"everything": True}]
)
async def test_what_is_invalidated_is_gone_from_every_replica(tmp_path, selection):
    log = MemoryLog()
    async with AsyncExitStack() as stack:
        replicas = [
            await stack.enter_async_context(running(tmp_path / name, log)) for name in "abc"
        ]
        for replica in replicas:
            await replica.store(store_of("q", entry_of(model="m", tags=("x",))))
            await replica.store(store_of("other", entry_of(model="n"), attribution=OTHER))
        assert await invalidated(replicas[0], **selection) == 1
        for replica in replicas:
            await has_read_the_log(replica)
            assert (await replica.lookup(lookup_of("q"))).miss_reason == "absent"
            assert (await replica.lookup(lookup_of("other", OTHER))).is_hit
    for name in "abc":
        async with running(tmp_path / name, log) as replica:
            assert (await replica.lookup(lookup_of("q"))).miss_reason == "absent"


async def test_what_was_invalidated_while_a_replica_was_away_is_gone_when_it_returns(tmp_path):
    log, clock = MemoryLog(), Clock()
    async with running(tmp_path / "a", log, clock) as replica:
        await replica.store(store_of("q"))
    clock.now_ns += HOUR_NS
    async with running(tmp_path / "b", log, clock) as other:
        assert await invalidated(other, everything=True) == 0
    clock.now_ns += HOUR_NS
    async with running(tmp_path / "a", log, clock) as replica:
        assert (await replica.lookup(lookup_of("q"))).miss_reason == "absent"
        await replica.store(store_of("q"))
    async with running(tmp_path / "a", log, clock) as replica:
        assert (await replica.lookup(lookup_of("q"))).is_hit


async def test_what_is_stored_after_an_invalidation_stays(tmp_path):
    async with running(tmp_path) as service:
        await service.store(store_of("q"))
        assert await invalidated(service, exact_key=key_of("q")) == 1
        await service.store(store_of("q", entry_of(b"newer")))
        found = await service.lookup(lookup_of("q"))

    assert found.entry.content == b"newer"


async def test_who_cannot_read_what_others_forgot_gives_nothing(tmp_path, caplog):
    log = MemoryLog()
    async with running(tmp_path / "a", log) as service:
        await service.store(store_of("q"))
        assert (await service.lookup(lookup_of("q"))).is_hit
    await log.append(STREAM, b"no frame at all", None, timeout_s=1.0)
    async with running(tmp_path / "a", log) as service:
        assert (await service.lookup(lookup_of("q"))).miss_reason == "damaged"
        with pytest.raises(Unavailable):
            await service.store(store_of("q"))
    assert "gives nothing until its stream is mended" in caplog.text


class AwayLog(MemoryLog):
    """A log that can be away for appends."""

    is_away = False

    async def append(self, stream, frame, expected_sequence, timeout_s):
        if self.is_away:
            raise LogUnavailable("away")
        return await super().append(stream, frame, expected_sequence, timeout_s)


async def test_an_invalidation_that_others_cannot_be_told_of_is_not_acknowledged(tmp_path):
    log = AwayLog()
    async with running(tmp_path, log) as service:
        await service.store(store_of("q"))
        log.is_away = True
        with pytest.raises(DeadlineExceeded), deadline.within(0.2):
            await invalidated(service, exact_key=key_of("q"))
        assert (await service.lookup(lookup_of("q"))).miss_reason == "absent"
        log.is_away = False


async def test_stats_from_the_log_equal_what_was_answered(tmp_path):
    log, clock = MemoryLog(), Clock()
    counted: Counter[str] = Counter()
    async with running(tmp_path / "a", log, clock, memory_bytes_max=20_000) as service:
        for number in range(60):
            name, attribution = f"q{number % 17}", (ATTRIBUTION, OTHER)[number % 2]
            found = await service.lookup(lookup_of(name, attribution))
            counted[attribution.tenant_id, "hits"] += found.is_hit
            counted[attribution.tenant_id, "misses"] += not found.is_hit
            tokens = found.entry.usage.input_tokens + found.entry.usage.output_tokens
            counted[attribution.tenant_id, "tokens_saved"] += tokens
            counted[attribution.tenant_id, "cost"] += found.entry.cost.total_nano_usd
            if not found.is_hit:
                stored = await service.store(store_of(name, attribution=attribution))
                counted[attribution.tenant_id, "stores"] += stored.is_stored
        await invalidated(service, tag="none has this")  # acknowledged after all before it
        everyone = await service.stats(contract.StatsRequest())
        for tenant_id in ("acme", "other"):
            stats = await service.stats(contract.StatsRequest(tenant_id=tenant_id))
            assert stats.hits == counted[tenant_id, "hits"] > 0
            assert stats.misses == counted[tenant_id, "misses"] == 17
            assert stats.total_requests == stats.hits + stats.misses == 30
            assert stats.hit_rate == stats.hits / 30
            assert stats.tokens_saved == counted[tenant_id, "tokens_saved"] == 120 * stats.hits
            assert stats.cost_saved_nano_usd == counted[tenant_id, "cost"] == 7_000 * stats.hits
            assert stats.stores == stats.entries == counted[tenant_id, "stores"] == 17
            assert stats.cache_events_lost == 0
            assert stats.entry_bytes > 0
    assert everyone.total_requests == 60
    async with running(tmp_path / "b", log, clock) as replica:
        replayed = await replica.stats(contract.StatsRequest())

    assert (replayed.hits, replayed.misses) == (everyone.hits, everyone.misses)
    assert (replayed.tokens_saved, replayed.cost_saved_nano_usd, replayed.stores) == (
        everyone.tokens_saved,
        everyone.cost_saved_nano_usd,
        everyone.stores,
    )


async def test_nothing_asked_is_a_hit_rate_of_zero(tmp_path):
    async with running(tmp_path) as service:
        stats = await service.stats(contract.StatsRequest(tenant_id="acme"))

    assert stats == contract.StatsResponse()


async def test_every_step_is_an_event_with_its_origin_and_without_content(tmp_path):
    log, clock = MemoryLog(), Clock()
    async with running(tmp_path, log, clock) as service:
        await service.lookup(lookup_of("q"))
        await service.store(store_of("q", entry_of(b"the secret answer"), ttl_ns=5))
        await service.lookup(lookup_of("q"))
        await invalidated(service, tag="x")
        clock.now_ns += 5
        await service.lookup(lookup_of("q"))
    written = await events_of(log)

    assert [event.kind for event in written] == [
        *("cache.miss", "cache.stored", "cache.hit", "cache.invalidated"),
        *("cache.evicted", "cache.miss"),
    ]
    hit = events.CacheHit.FromString(written[2].payload)
    assert (written[2].tenant_id, written[2].task_id) == ("acme", "task_1")
    assert hit.attribution == ATTRIBUTION
    assert hit.exact_key == key_of("q")
    assert hit.layer == contract.LAYER_MEMORY
    assert (hit.saved_usage, hit.saved_cost) == (entry_of().usage, entry_of().cost)
    assert (hit.target, hit.content_kind) == (entry_of().target, "anthropic.messages")
    assert events.CacheMiss.FromString(written[0].payload).miss_reason == "absent"
    assert events.CacheMiss.FromString(written[5].payload).miss_reason == "expired"
    evicted = events.CacheEvicted.FromString(written[4].payload)
    assert (evicted.tenant_id, evicted.reason) == ("acme", "expired")
    assert not [event for event in written if b"secret" in event.SerializeToString()]
