"""Money's past, by replay: how it stood at any moment, and what other limits would have done."""

import pytest

from bursar.errors import LimitExceeded
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.stream import StreamId
from bursar.eventlog.tentative import Untracked
from bursar_quota.calendar import ZonedCalendar
from bursar_quota.domain.calls import NOBODYS, Attribution, Target
from bursar_quota.domain.commands import (
    Adjust,
    ExpireDue,
    Extend,
    RecordUsage,
    Reserve,
    Settle,
    SettlePartly,
    Stamp,
    TopUp,
)
from bursar_quota.domain.evolution import evolve
from bursar_quota.domain.limits import Limit, Mode, Selector
from bursar_quota.domain.meters import Amounts, Meter
from bursar_quota.domain.reading import levels_of_tenant
from bursar_quota.domain.rules import decide
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now, Terms
from bursar_quota.domain.windows import WindowKind
from bursar_quota.dump import digest
from bursar_quota.replay import Until, place_of, read_events, state_at
from bursar_quota.what_if import WhatIf
from bursar_quota.wire import USAGE
from quota_services import COST_NANO_USD, a_limit, a_reserve, a_settle, digest_of, serving

NS_PER_S = 1_000_000_000
START_NS = 1_800_000_000 * NS_PER_S
TERMS = Terms(ZonedCalendar())


class Clock:
    """Moves when it is told to."""

    def __init__(self):
        self.ns = START_NS

    def __call__(self):
        return self.ns

    def advance(self, seconds):
        self.ns += seconds * NS_PER_S


def a_budget(calls, limit_id="budget", **selector):
    return Limit(
        limit_id,
        Selector(**selector),
        Meter.COST_NANO_USD,
        WindowKind.MONTH,
        calls * COST_NANO_USD,
        Mode.HARD,
        "UTC",
    )


async def history(log, clock, calls=6, settled_part=1):
    """Calls that are reserved and settled one after the other, and the digest after each."""
    digests = []
    async with serving(log, clock=clock) as quota:
        await quota.put_limit(a_limit(calls * COST_NANO_USD))
        for number in range(calls):
            clock.advance(1)
            held = await quota.reserve(a_reserve(f"r{number}", is_dispatched=True))
            clock.advance(1)
            await quota.settle(a_settle(held.reservation_id, COST_NANO_USD // settled_part))
            digests.append((clock.ns, await digest_of(quota)))
    return digests


async def what_if(log, *limits):
    replayed = WhatIf(limits, TERMS)
    await read_events(log, USAGE, Until(), replayed.take, lambda _: None)
    return replayed.outcome


async def test_the_state_of_any_past_moment_is_that_of_then():
    clock = Clock()
    log = MemoryLog(clock=clock)
    for at_ns, then in await history(log, clock):
        state = await state_at(log, USAGE, Until(at_ns=at_ns), lambda _: None)
        assert digest(state) == then


async def test_a_position_names_a_moment_as_well():
    clock = Clock()
    log = MemoryLog(clock=clock)
    await history(log, clock)
    state = await state_at(log, USAGE, Until(number=3), lambda _: None)
    assert state.now.event_number == 3  # the limit, a reserve, its settle
    (level,) = levels_of_tenant(state, "", Now(clock.ns, TERMS))
    assert (level.settled, level.held) == (COST_NANO_USD, 0)


def test_only_an_events_id_names_a_place():
    assert place_of("usage-3-42") == (StreamId("usage", 3), 42)
    for other in ("usage-42", "tasks-0-1", "2026-11-01", "usage-0-x", "usage-0-1 "):
        assert place_of(other) is None


async def test_the_same_limits_would_have_denied_nothing():
    clock = Clock()
    log = MemoryLog(clock=clock)
    await history(log, clock)
    outcome = await what_if(log, a_budget(6))
    assert (outcome.calls, outcome.denied_calls) == (6, 0)
    assert outcome.used.cost_nano_usd == 6 * COST_NANO_USD
    assert outcome.saved == Amounts()


async def test_a_smaller_budget_would_have_denied_the_rest_and_saved_what_it_used():
    clock = Clock()
    log = MemoryLog(clock=clock)
    await history(log, clock)
    outcome = await what_if(log, a_budget(2), a_budget(5, "other"))
    assert outcome.denied_calls == 4
    assert outcome.saved.cost_nano_usd == 4 * COST_NANO_USD
    assert outcome.by_limit["budget"].calls == 4
    assert outcome.by_limit["other"].calls == 0


async def test_what_was_given_back_by_settles_is_there_for_later_calls():
    clock = Clock()
    log = MemoryLog(clock=clock)
    await history(log, clock, settled_part=2)
    outcome = await what_if(log, a_budget(2))
    # Holds of a whole call on two: after each settle half of one is used, so three go through.
    assert outcome.calls - outcome.denied_calls == 3


async def test_a_limit_that_selects_others_denies_nothing():
    clock = Clock()
    log = MemoryLog(clock=clock)
    await history(log, clock)
    outcome = await what_if(log, a_budget(0, provider="openai"))
    assert outcome.denied_calls == 0


async def test_refusals_of_history_are_counted_and_nothing_is_guessed_of_them():
    clock = Clock()
    log = MemoryLog(clock=clock)
    async with serving(log, clock=clock) as quota:
        await quota.put_limit(a_limit(COST_NANO_USD))
        await quota.reserve(a_reserve("first"))
        with pytest.raises(LimitExceeded):
            await quota.reserve(a_reserve("second"))
    outcome = await what_if(log, a_budget(9))
    assert (outcome.calls, outcome.refused_in_history, outcome.denied_calls) == (1, 1, 0)


def test_a_charge_at_expiry_counts_once_also_when_it_is_settled_late():
    reserve = Reserve(
        Stamp("r", b""),
        reservation_id="held",
        attribution=Attribution(),
        target=Target(),
        amounts=Amounts(1, 0, 0, COST_NANO_USD),
        lease_ns=NS_PER_S,
        is_dispatched=True,
    )
    used = Amounts(1, 0, 0, COST_NANO_USD // 2)
    orders = (
        (0, reserve),
        (2, ExpireDue()),
        (3, Settle(Stamp("s", b""), reservation_id="held", used=used)),
    )
    state, events = State(), []
    for seconds, order in orders:
        for event in decide(state, order, Now(START_NS + seconds * NS_PER_S, TERMS)).events:
            evolve(state, event, Untracked())
            events.append(event)
    for limit, denied in ((a_budget(9), 0), (a_budget(0), 1)):
        replayed = WhatIf([limit], TERMS)
        for event in events:
            replayed.take(event)
        outcome = replayed.outcome
        assert outcome.denied_calls == denied
        assert outcome.used == used
        assert outcome.saved == (used if denied else Amounts())


CALL = Amounts(1, 0, 0, 100)


def a_call():
    return Reserve(
        Stamp("r", b""),
        reservation_id="held",
        attribution=Attribution("acme"),
        target=Target(),
        amounts=CALL,
        lease_ns=60 * NS_PER_S,
        is_dispatched=True,
    )


def told_by(orders, *limits):
    """What other limits say of a history of these orders, ten seconds apart."""
    state, replayed = State(), WhatIf(limits, TERMS)
    for place, order in enumerate(orders):
        now = Now(START_NS + place * 10 * NS_PER_S, TERMS)
        for event in decide(state, order, now).events:
            evolve(state, event, Untracked())
            replayed.take(event)
    return replayed.outcome


def cost(nano_usd):
    return Amounts(0, 0, 0, nano_usd)


def a_limit_of(nano_usd):
    return Limit("budget", Selector(), Meter.COST_NANO_USD, WindowKind.MONTH, nano_usd)


@pytest.mark.parametrize(
    ("limit", "saved", "calls", "top_ups"), [(150, 0, 0, 0), (149, 40, 0, 1), (99, 140, 1, 0)]
)
def test_a_call_whose_top_up_is_denied_stops_where_its_hold_ends(limit, saved, calls, top_ups):
    orders = (
        a_call(),
        SettlePartly(Stamp("p", b""), reservation_id="held", used=Amounts(1, 0, 0, 60)),
        TopUp(Stamp("t", b""), reservation_id="held", amounts=cost(50)),
        Extend(Stamp("e", b""), reservation_id="held", lease_ns=0),
        Settle(Stamp("s", b""), reservation_id="held", used=Amounts(1, 0, 0, 140)),
    )
    outcome = told_by(orders, a_limit_of(limit))
    assert outcome.used.cost_nano_usd == 140
    assert outcome.saved.cost_nano_usd == saved
    denials = outcome.by_limit["budget"]
    assert (denials.calls, denials.top_ups) == (calls, top_ups)


def test_an_extension_keeps_a_hold_where_it_kept_it_then():
    orders = (
        a_call(),
        *(Extend(Stamp(f"e{n}", b""), reservation_id="held", lease_ns=0) for n in range(9)),
        ExpireDue(),
        Settle(Stamp("s", b""), reservation_id="held", used=CALL),
    )
    outcome = told_by(orders, a_limit_of(100))
    assert (outcome.denied_calls, outcome.used, outcome.saved) == (0, CALL, Amounts())


@pytest.mark.parametrize(("correction", "denied"), [(-100, 0), (-99, 1), (0, 1)])
def test_a_correction_makes_room_or_takes_it(correction, denied):
    adjust = Adjust(
        Stamp("a", b""),
        origin=NOBODYS,
        attribution=Attribution("acme"),
        target=Target(),
        amounts=cost(correction),
        used_at_ns=0,
    )
    used = RecordUsage(
        Stamp("u", b""), attribution=Attribution("acme"), target=Target(), used=cost(100)
    )
    settle = Settle(Stamp("s", b""), reservation_id="held", used=CALL)
    outcome = told_by((used, adjust, a_call(), settle), a_limit_of(100))
    assert outcome.denied_calls == denied
    assert outcome.used.cost_nano_usd == 200 + correction
