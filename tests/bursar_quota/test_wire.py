"""Events survive the way through their bytes; old bytes are read for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from bursar.errors import LogBroken
from bursar.eventlog.frame import EVENT_BYTES_MAX
from bursar.eventlog.tentative import Untracked
from bursar.events.v1 import event_pb2, usage_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota import wire
from bursar_quota.domain.admission import MATCHING_LIMITS_MAX
from bursar_quota.domain.calls import Attribution, Origin
from bursar_quota.domain.commands import MoveHorizon
from bursar_quota.domain.events import (
    AlertRaised,
    Denied,
    Dispatched,
    Expired,
    Extended,
    HorizonMoved,
    LimitCounted,
    LimitDeleted,
    LimitPut,
    PartlySettled,
    Released,
    Reserved,
    Settled,
    ToppedUp,
    TopUpDenied,
    UsageAdjusted,
    UsageRecorded,
)
from bursar_quota.domain.levels import Level, Opening
from bursar_quota.domain.limits import ManagedBy, Mode, Selector
from bursar_quota.domain.meters import Amounts, Meter
from bursar_quota.domain.state import State
from bursar_quota.domain.windows import LIFETIME, Window, WindowKind
from bursar_quota.limit_requests import put_limit_of
from bursar_quota.requests import record_usage_of, reserve_of, settle_of
from quota_examples import ACME, ANTHROPIC, HOUR_NS, LEASE_NS, NOON_NS, Book, limit, tokens

GOLDEN = Path(__file__).parents[1] / "data" / "events" / "usage" / "v1"
CALLER = Attribution("acme", "red", "ann", "k1", "t1", "agent", (("job", "x"), ("stage", "y")))
OF_CALLER = Origin("acme", "t1", "c1", "cause")
HASH = bytes(range(32))
DAY = Window("2026-11-24", NOON_NS - 12 * HOUR_NS, NOON_NS + 12 * HOUR_NS)
LIMIT = limit(
    Meter.COST_NANO_USD,
    WindowKind.DAY,
    5_000_000_000,
    Selector("acme", labels=(("job", "x"),)),
    mode=Mode.SOFT,
    time_zone="Europe/Berlin",
    managed_by=ManagedBy.FILE,
    limit_id="daily",
)
OPENED = Opening(1, "daily", Meter.COST_NANO_USD, DAY)

# As written by the first version, one of each kind: what they meant then, they mean for ever.
SAMPLES = {
    "limit_put": LimitPut(
        1,
        NOON_NS,
        "op-1",
        HASH,
        Origin("acme"),
        limit=LIMIT,
        level=Level(LIMIT, DAY, 300, 5, NOON_NS),
        opened=OPENED,
        author="ann",
        reason="a trial",
    ),
    "reserved": Reserved(
        2,
        NOON_NS,
        "op-2",
        HASH,
        OF_CALLER,
        reservation_id="rsv-1",
        attribution=CALLER,
        target=ANTHROPIC,
        held=Amounts(1, 20, 30, 700),
        buckets=(1, 2),
        opened=(Opening(2, "gone", Meter.REQUESTS, LIFETIME),),
        lease_ns=LEASE_NS,
        lease_expires_at_ns=NOON_NS + LEASE_NS,
        is_dispatched=False,
        is_near_limit=True,
    ),
    "denied": Denied(
        3,
        NOON_NS,
        "op-3",
        HASH,
        OF_CALLER,
        level=Level(LIMIT, DAY, 300, 705, DAY.starts_at_ns),
        requested=9,
        reason="Would exceed daily cost limit",
        retry_after_ns=77,
    ),
    "dispatched": Dispatched(
        4,
        NOON_NS,
        "op-4",
        HASH,
        OF_CALLER,
        reservation_id="rsv-1",
        lease_expires_at_ns=NOON_NS + LEASE_NS,
    ),
    "settled": Settled(
        5,
        NOON_NS,
        "op-5",
        HASH,
        OF_CALLER,
        reservation_id="rsv-1",
        attribution=CALLER,
        target=ANTHROPIC,
        used=Amounts(2, 21, 22, 650),
        overrun=Amounts(1, 1, 0, 0),
        buckets=(1,),
        is_late=True,
    ),
    "released": Released(
        6,
        NOON_NS,
        "op-6",
        HASH,
        OF_CALLER,
        reservation_id="rsv-2",
        buckets=(1, 2),
        reason="not needed",
    ),
    "expired": Expired(
        7,
        NOON_NS,
        origin=OF_CALLER,
        reservation_id="rsv-3",
        attribution=CALLER,
        target=ANTHROPIC,
        charged=Amounts(1, 20, 30, 700),
        buckets=(1, 2),
    ),
    "recorded": UsageRecorded(
        8,
        NOON_NS,
        "op-8",
        HASH,
        OF_CALLER,
        attribution=CALLER,
        target=ANTHROPIC,
        used=Amounts(3, 4, 5, 6),
        buckets=(1, 3),
        opened=(Opening(3, "gone", Meter.REQUESTS, LIFETIME),),
    ),
    "limit_deleted": LimitDeleted(
        9,
        NOON_NS,
        "op-9",
        HASH,
        Origin("acme"),
        limit_id="daily",
        author="ann",
        reason="done",
    ),
    "horizon_moved": HorizonMoved(10, NOON_NS, forget_before_ns=NOON_NS - HOUR_NS),
    "topped_up": ToppedUp(
        11,
        NOON_NS,
        "op-11",
        HASH,
        OF_CALLER,
        reservation_id="rsv-1",
        added=Amounts(0, 1, 2, 3),
        held=Amounts(1, 21, 32, 703),
        buckets=(1, 2),
        is_near_limit=True,
    ),
    "top_up_denied": TopUpDenied(
        12,
        NOON_NS,
        "op-12",
        HASH,
        OF_CALLER,
        level=Level(LIMIT, DAY, 300, 705, DAY.starts_at_ns),
        requested=9,
        reason="Would exceed daily cost limit",
        retry_after_ns=77,
    ),
    "extended": Extended(
        13,
        NOON_NS,
        "op-13",
        HASH,
        OF_CALLER,
        reservation_id="rsv-1",
        lease_ns=HOUR_NS,
        lease_expires_at_ns=NOON_NS + HOUR_NS,
    ),
    "partly_settled": PartlySettled(
        14,
        NOON_NS,
        "op-14",
        HASH,
        OF_CALLER,
        reservation_id="rsv-1",
        used=Amounts(1, 5, 6, 7),
        overrun=Amounts(0, 1, 0, 0),
        buckets=(1, 2),
        lease_expires_at_ns=NOON_NS + LEASE_NS,
    ),
    "limit_counted": LimitCounted(
        16,
        NOON_NS,
        origin=Origin("acme"),
        limit_id="daily",
        made_by=1,
        buckets=(1, 5),
        opened=(Opening(5, "gone", Meter.REQUESTS, LIFETIME),),
        settled_deltas=(40, 0),
    ),
    "alert_raised": AlertRaised(
        17,
        NOON_NS,
        origin=Origin("acme"),
        level=Level(LIMIT, DAY, 4_500_000_000, 5, DAY.starts_at_ns, 7, is_pending=True),
        threshold_pct=80,
        period=DAY,
    ),
    "adjusted": UsageAdjusted(
        15,
        NOON_NS,
        "op-15",
        HASH,
        OF_CALLER,
        attribution=CALLER,
        target=ANTHROPIC,
        amounts=Amounts(0, -4, 0, -600),
        used_at_ns=NOON_NS - HOUR_NS,
        buckets=(1, 4),
        opened=(Opening(4, "gone", Meter.REQUESTS, LIFETIME),),
        settled_deltas=(-500, 0),
    ),
}


def golden(kind: str) -> bytes:
    return (GOLDEN / f"{kind}.bin").read_bytes()


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_event_of_the_first_version_means_what_it_meant(kind):
    event = SAMPLES[kind]
    assert wire.decode(golden(kind), event.number) == event


def test_there_is_a_golden_file_of_every_kind():
    assert {f"usage.{path.stem}" for path in GOLDEN.glob("*.bin")} == {
        kind.name for kind in wire.KINDS
    }


def test_a_log_of_the_first_version_folds():
    state, undo = State(), Untracked()
    book = Book()
    for kind, event in SAMPLES.items():
        decoded = wire.decode(golden(kind), event.number)
        assert decoded is not None
        book.decider.evolve(state, decoded, undo)
        if kind == "recorded":
            assert state.limits["daily"].buckets["2026-11-24"].settled == 300 + 650 + 6
    assert not state.limits
    assert state.now.event_number == list(SAMPLES.values())[-1].number
    assert state.now.forgotten_before_ns == NOON_NS - HOUR_NS


ORDERS = [
    (quota_pb2.ReserveRequest, usage_pb2.Reserved),
    (quota_pb2.ReserveRequest, usage_pb2.Denied),
    (quota_pb2.DispatchRequest, usage_pb2.Dispatched),
    (quota_pb2.TopUpRequest, usage_pb2.ToppedUp),
    (quota_pb2.TopUpRequest, usage_pb2.TopUpDenied),
    (quota_pb2.ExtendRequest, usage_pb2.Extended),
    (quota_pb2.SettleRequest, usage_pb2.PartlySettled),
    (quota_pb2.AdjustRequest, usage_pb2.UsageAdjusted),
    (quota_pb2.SettleRequest, usage_pb2.Settled),
    (quota_pb2.ReleaseRequest, usage_pb2.Released),
    (quota_pb2.RecordUsageRequest, usage_pb2.UsageRecorded),
]
NOT_KEPT = {"is_awaited", "is_partial", "wait_ns", "priority", "messages"}
DECIDED_FROM = 16  # the first number of what is decided


@pytest.mark.parametrize(("order", "event"), ORDERS)
def test_an_order_stands_in_its_event_by_the_same_numbers(order, event):
    kept = {field.number: field for field in event.DESCRIPTOR.fields}
    for field in order.DESCRIPTOR.fields:
        assert field.number < DECIDED_FROM
        if field.name in NOT_KEPT:
            assert field.number not in kept
            continue
        found = kept[field.number]
        assert (found.type, found.is_repeated) == (field.type, field.is_repeated)
        assert (found.message_type, found.enum_type) == (field.message_type, field.enum_type)
    named = {field.number for field in order.DESCRIPTOR.fields}
    assert all(number in named for number in kept if number < DECIDED_FROM)


def test_what_an_order_leaves_open_stands_in_the_log_as_it_was_decided():
    book = Book()
    held = book.do(reserve_of(quota_pb2.ReserveRequest(), book.now_ns))
    reserved = usage_pb2.Reserved.FromString(event_pb2.Event.FromString(book.log[-1]).payload)
    assert reserved.operation_id
    assert reserved.attribution.tenant_id == "default"
    assert (reserved.held.requests, reserved.lease_ns) == (1, LEASE_NS)
    settle = quota_pb2.SettleRequest(reservation_id=held.reservation_id, is_awaited=True)
    book.do(settle_of(settle, book.now_ns))
    settled = usage_pb2.Settled.FromString(event_pb2.Event.FromString(book.log[-1]).payload)
    assert (settled.requests, settled.reservation_id) == (1, held.reservation_id)
    assert settle.is_awaited


def test_what_is_not_known_of_an_order_does_not_get_into_the_log():
    unknown = usage_pb2.LimitPut(fingerprint=b"a secret of a later version").SerializeToString()
    request = quota_pb2.ReserveRequest.FromString(unknown)
    assert b"a secret" not in reserve_of(request, NOON_NS).content


def test_the_whole_account_of_a_settle_is_in_the_log():
    book = Book()
    held = book.reserve(tokens(100, 50, 700), call=(CALLER, ANTHROPIC), origin=OF_CALLER)
    request = quota_pb2.SettleRequest(
        operation_id="s",
        reservation_id=held.reservation_id,
        usage=ledger_pb2.TokenUsage(input_tokens=90, cached_input_tokens=40, output_tokens=20),
        cost=ledger_pb2.Cost(
            total_nano_usd=500,
            is_known=True,
            price=ledger_pb2.PriceRow(provider="anthropic", input_pico_usd_per_token=37_500),
        ),
        outcome=quota_pb2.OUTCOME_CUT,
        source=quota_pb2.USAGE_SOURCE_COUNTED,
        provider_request_id="msg_1",
        answered_by_model="claude-z",
        duration_ns=5,
        savings=[ledger_pb2.Saving(cause=ledger_pb2.SAVING_CAUSE_ROUTING, cost_nano_usd=9)],
    )
    book.do(settle_of(request, book.now_ns))
    envelope = event_pb2.Event.FromString(book.log[-1])
    settled = usage_pb2.Settled.FromString(envelope.payload)
    for name in (
        "usage",
        "cost",
        "outcome",
        "source",
        "provider_request_id",
        "answered_by_model",
        "duration_ns",
        "savings",
    ):
        assert getattr(settled, name) == getattr(request, name)
    assert dict(settled.attribution.labels) == dict(CALLER.labels)
    assert (envelope.event_id, envelope.kind) == ("usage-0-2", "usage.settled")
    assert (envelope.tenant_id, envelope.task_id, envelope.call_id) == ("acme", "t1", "c1")
    assert (envelope.cause_id, envelope.at_ns) == ("cause", book.now_ns)


def test_an_unknown_kind_is_skipped_only_where_its_writer_said_so():
    later = event_pb2.Event(kind="usage.blessed", schema_version=1, skippable=True)
    assert wire.decode(later.SerializeToString(), 1) is None
    later.skippable = False
    with pytest.raises(LogBroken, match="which is not known here"):
        wire.decode(later.SerializeToString(), 1)


def test_numbers_go_on_behind_an_event_that_was_skipped():
    book = Book()
    book.record(tokens(1))
    event = wire.decode(book.log[0], 7)
    assert event is not None
    book.decider.evolve(book.state, event, book.undo)
    assert book.record(tokens(1)).number == 8


@pytest.mark.parametrize("version", [0, 2])
def test_another_version_of_a_known_kind_stops_money(version):
    envelope = event_pb2.Event.FromString(golden("settled"))
    envelope.schema_version = version
    with pytest.raises(LogBroken, match=f"of version {version}"):
        wire.decode(envelope.SerializeToString(), 5)


def test_bytes_that_are_no_event_stop_money():
    garbled = event_pb2.Event(kind="usage.settled", schema_version=1, payload=b"\xff\xff\xff")
    unknown = event_pb2.Event(
        kind="usage.limit_put",
        schema_version=1,
        payload=usage_pb2.LimitPut(limit=quota_pb2.Limit(meter=99)).SerializeToString(),
    )
    for bad in (b"\xff\xfe", garbled.SerializeToString(), unknown.SerializeToString()):
        with pytest.raises(LogBroken, match="event 5 is not one of money"):
            wire.decode(bad, 5)


def test_the_trace_of_an_order_is_in_its_envelope():
    book = Book()
    command = reserve_of(quota_pb2.ReserveRequest(), book.now_ns)
    stamp = command.stamp
    traced = type(stamp)(stamp.operation_id, stamp.fingerprint, b"t" * 16, b"s" * 8)
    book.do(
        type(command)(
            traced,
            reservation_id="r",
            attribution=ACME,
            target=ANTHROPIC,
            amounts=tokens(1),
            lease_ns=1,
        )
    )
    book.do(MoveHorizon(5))
    envelopes = [event_pb2.Event.FromString(event) for event in book.log]
    assert (envelopes[0].trace_id, envelopes[0].span_id) == (b"t" * 16, b"s" * 8)
    assert (envelopes[1].trace_id, envelopes[1].tenant_id) == (b"", "")


def test_the_largest_orders_fit_an_event():
    labels = {f"{place:064d}": "v" * 256 for place in range(16)}
    long = "x" * 128
    attribution = ledger_pb2.Attribution(
        tenant_id=long,
        team_id=long,
        user_id=long,
        key_id=long,
        task_id=long,
        agent_id=long,
        call_id=long,
        cause_id=long,
        labels=labels,
    )
    target = ledger_pb2.Target(provider=long, model=long, tier=4, account_id=long)
    most = 2**62
    price = ledger_pb2.PriceRow(
        provider=long,
        model=long,
        input_pico_usd_per_token=most,
        output_pico_usd_per_token=most,
        snapshot_hash=bytes(32),
        price_set=long,
    )
    account = {
        "usage": ledger_pb2.TokenUsage(
            input_tokens=most, cached_input_tokens=most, output_tokens=most - 1
        ),
        "cost": ledger_pb2.Cost(total_nano_usd=most, is_known=True, price=price),
        "provider_request_id": "x" * 256,
        "savings": [
            ledger_pb2.Saving(input_tokens=most, cost_nano_usd=most, reason="x" * 128)
            for _ in range(8)
        ],
        "duration_ns": most,
    }
    book = Book()
    for place in range(MATCHING_LIMITS_MAX):
        wanted = quota_pb2.Limit(
            limit_id=f"{place:0128d}",
            selector=quota_pb2.Selector(tenant_id=long, labels=labels),
            meter=quota_pb2.METER_TOTAL_TOKENS,
            window=quota_pb2.WINDOW_MINUTE,
            amount=2**63 - 1,
        )
        request = quota_pb2.PutLimitRequest(
            operation_id=f"{place:0128d}", limit=wanted, author="x" * 256, reason="x" * 1024
        )
        book.do(put_limit_of(request, book.now_ns))
    asked = {
        "attribution": attribution,
        "target": target,
        "amounts": ledger_pb2.Amounts(input_tokens=most, output_tokens=most - 1),
    }
    for place in range(2):  # the second is denied
        command = reserve_of(
            quota_pb2.ReserveRequest(operation_id=f"r{place:0127d}", **asked), book.now_ns
        )
        answer = book.do(command)
        if place == 0:
            granted = answer
    settle = quota_pb2.SettleRequest(
        operation_id="s" * 128,
        reservation_id=granted.reservation_id,
        answered_by_model="x" * 256,
        **account,
    )
    book.do(settle_of(settle, book.now_ns))
    record = quota_pb2.RecordUsageRequest(
        operation_id="u" * 128, attribution=attribution, target=target, **account
    )
    book.do(record_usage_of(record, book.now_ns))
    assert max(len(event) for event in book.log) <= EVENT_BYTES_MAX
