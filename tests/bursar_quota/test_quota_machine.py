"""Any orders in any sequence: the laws of money hold, and a second implementation agrees."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from bursar.errors import BursarError
from bursar_quota.domain.answers import Answer, Enlarged, Granted, Refused
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.commands import (
    Command,
    DeleteLimit,
    Dispatch,
    Extend,
    PutLimit,
    RecordUsage,
    Release,
    Reserve,
    Settle,
    SettlePartly,
    Stamp,
    TopUp,
)
from bursar_quota.domain.expiry import due
from bursar_quota.domain.limits import Limit, Mode, Selector
from bursar_quota.domain.meters import Amounts, Meter, by_meter
from bursar_quota.domain.state import NS_PER_S
from bursar_quota.domain.terms import Now
from bursar_quota.domain.windows import WindowKind
from bursar_quota.dump import digest, load
from naive_quota import Call, NaiveQuota
from quota_examples import DAY_NS, HOUR_NS, MINUTE_NS, NOON_NS, Book

SMALL = st.integers(0, 12)
AMOUNTS = st.builds(Amounts, st.integers(0, 2), SMALL, SMALL, SMALL)
LABELS = st.sampled_from([(), (("job", "x"),), (("job", "y"),)])
ATTRIBUTIONS = st.builds(
    Attribution,
    tenant_id=st.sampled_from(["acme", "acme", "beta"]),
    user_id=st.sampled_from(["", "ann", "ann", "bob"]),
    labels=LABELS,
)
TARGETS = st.builds(
    Target,
    provider=st.sampled_from(["", "anthropic", "anthropic", "openai"]),
    model=st.sampled_from(["", "m-2"]),
    tier=st.sampled_from([0, 4]),
)


def shaped(limit: Limit, rolling_ns: int, carry_over_max: int) -> Limit:
    """As the door lets it in: what does not go together is left out."""
    window = limit.window
    if limit.meter is Meter.CONCURRENT_RESERVATIONS:
        window = WindowKind.LIFETIME
    carries = window not in (WindowKind.LIFETIME, WindowKind.ROLLING)
    return replace(
        limit,
        window=window,
        rolling_ns=rolling_ns if window is WindowKind.ROLLING else 0,
        carry_over_max=carry_over_max if carries else 0,
    )


PLAIN_LIMITS = st.builds(
    Limit,
    limit_id=st.sampled_from(["l1", "l2", "l3", "l4"]),
    selector=st.builds(
        Selector,
        tenant_id=st.sampled_from(["", "", "acme"]),
        user_id=st.sampled_from(["", "", "", "ann"]),
        provider=st.sampled_from(["", "", "anthropic"]),
        model=st.sampled_from(["", "", "", "m-2"]),
        model_family=st.sampled_from(["", "", "", "m"]),
        labels=st.sampled_from([(), (), (("job", "x"),)]),
    ),
    meter=st.sampled_from(list(Meter)),
    window=st.sampled_from([*WindowKind, WindowKind.DAY, WindowKind.MONTH]),
    amount=st.integers(0, 40),
    mode=st.sampled_from([Mode.HARD, Mode.HARD, Mode.SOFT, Mode.THROTTLE]),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin"]),
)
LIMITS = st.builds(
    shaped,
    PLAIN_LIMITS,
    rolling_ns=st.sampled_from([MINUTE_NS, 5 * HOUR_NS, 7 * DAY_NS]),
    carry_over_max=st.sampled_from([0, 0, 5, 50]),
)
DURATIONS = st.sampled_from(
    [1, NS_PER_S, MINUTE_NS, MINUTE_NS, 5 * MINUTE_NS, HOUR_NS, 7 * HOUR_NS, DAY_NS]
)


class QuotaMachine(RuleBasedStateMachine):
    """Two quotas side by side. The clock begins shortly before a day, a month and a year end."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(now_ns=NOON_NS + 37 * DAY_NS + 12 * HOUR_NS - MINUTE_NS)
        self.naive = NaiveQuota()
        self.names: list[str] = []
        self.done: list[tuple[Command, Answer, int]] = []

    def stamp(self) -> Stamp:
        self.book.orders += 1
        return Stamp(f"op-{self.book.orders}", self.book.orders.to_bytes(4, "big"))

    def order(self, command: Command) -> Answer | None:
        """None where it is refused as an order."""
        before = self.book.digest()
        try:
            answer = self.book.do(command)
        except BursarError:
            assert self.book.digest() == before
            return None
        self.done.append((command, answer, self.book.now_ns))
        return answer

    @initialize(limits=st.lists(LIMITS, min_size=2, max_size=3))
    def begin_with_limits(self, limits: list[Limit]) -> None:
        for limit in limits:
            self.put_limit(limit)

    @rule(limit=LIMITS)
    def put_limit(self, limit: Limit) -> None:
        answer = self.order(PutLimit(self.stamp(), limit=limit))
        self.naive.put(limit, self.book.now_ns)
        level = answer.level
        expected = self.naive.level(limit.limit_id, self.book.now_ns)
        assert (level.settled, level.held) == expected

    @rule(limit_id=st.sampled_from(["l1", "l2", "l3", "l4"]))
    def delete_limit(self, limit_id: str) -> None:
        answer = self.order(DeleteLimit(self.stamp(), limit_id=limit_id))
        assert (answer is not None) == (limit_id in self.naive.limits)
        if answer is not None:
            self.naive.delete(limit_id)

    @rule(calls=st.lists(st.tuples(ATTRIBUTIONS, TARGETS, AMOUNTS), min_size=1, max_size=4))
    def reserve_some(self, calls) -> None:
        for attribution, target, amounts in calls:
            self.reserve((attribution, target), amounts, MINUTE_NS, is_dispatched=True)

    @rule(
        call=st.tuples(ATTRIBUTIONS, TARGETS),
        amounts=AMOUNTS,
        lease_ns=st.sampled_from([NS_PER_S, MINUTE_NS, 5 * HOUR_NS]),
        is_dispatched=st.booleans(),
    )
    def reserve(self, call, amounts, lease_ns, is_dispatched) -> None:
        attribution, target = call
        now_ns, name = self.book.now_ns, f"rsv-{self.book.orders}"
        answer = self.order(
            Reserve(
                self.stamp(),
                reservation_id=name,
                attribution=attribution,
                target=target,
                amounts=amounts,
                lease_ns=lease_ns,
                is_dispatched=is_dispatched,
            )
        )
        call = Call(attribution, target, now_ns, amounts, lease_ns=lease_ns)
        call.expires_at_ns, call.is_dispatched = now_ns + lease_ns, is_dispatched
        denying = self.naive.reserve(name, call)
        if not denying:
            assert isinstance(answer, Granted)
            self.names.append(name)
            self.no_hard_limit_is_exceeded_that(attribution, target, amounts)
            return
        assert isinstance(answer, Refused)
        level = answer.level
        assert level.limit.limit_id in denying
        assert (level.settled, level.held) == self.naive.level(level.limit.limit_id, now_ns)
        assert level.amount == self.naive.allowance(level.limit.limit_id, now_ns)
        assert level.settled + level.held + answer.requested > level.amount

    def no_hard_limit_is_exceeded_that(self, attribution, target, amounts) -> None:
        for limit_id, counted in self.naive.limits.items():
            limit = counted.limit
            if limit.selector.selects(attribution, target) and by_meter(amounts, 1)[limit.meter]:
                level = self.book.level(limit_id)
                allowed = self.naive.allowance(limit_id, self.book.now_ns)
                assert limit.mode is Mode.SOFT or sum(level) <= allowed

    @precondition(lambda self: self.names)
    @rule(data=st.data(), amounts=AMOUNTS)
    def top_up(self, data, amounts) -> None:
        name = data.draw(st.sampled_from(self.names[-5:]))
        answer = self.order(TopUp(self.stamp(), reservation_id=name, amounts=amounts))
        denying = self.naive.top_up(name, amounts, self.book.now_ns)
        if denying is None:
            assert answer is None
        elif denying:
            assert isinstance(answer, Refused)
            assert answer.level.limit.limit_id in denying
        else:
            assert isinstance(answer, Enlarged)

    @precondition(lambda self: self.names)
    @rule(data=st.data(), lease_ns=st.sampled_from([NS_PER_S, HOUR_NS]))
    def extend(self, data, lease_ns) -> None:
        name = data.draw(st.sampled_from(self.names[-5:]))
        answer = self.order(Extend(self.stamp(), reservation_id=name, lease_ns=lease_ns))
        assert (answer is not None) == self.naive.extend(name, lease_ns, self.book.now_ns)

    @precondition(lambda self: self.names)
    @rule(data=st.data(), used=AMOUNTS)
    def settle_partly(self, data, used) -> None:
        name = data.draw(st.sampled_from(self.names[-5:]))
        answer = self.order(SettlePartly(self.stamp(), reservation_id=name, used=used))
        assert (answer is not None) == self.naive.settle_partly(name, used, self.book.now_ns)

    @precondition(lambda self: self.names)
    @rule(data=st.data())
    def dispatch(self, data) -> None:
        name = data.draw(st.sampled_from(self.names[-5:]))
        answer = self.order(Dispatch(self.stamp(), reservation_id=name))
        assert (answer is not None) == self.naive.dispatch(name, self.book.now_ns)

    @precondition(lambda self: self.names)
    @rule(data=st.data(), used=AMOUNTS)
    def settle(self, data, used) -> None:
        name = data.draw(st.sampled_from(self.names[-5:]))
        answer = self.order(Settle(self.stamp(), reservation_id=name, used=used))
        assert (answer is not None) == self.naive.settle(name, used, self.book.now_ns)

    @precondition(lambda self: self.names)
    @rule(data=st.data())
    def release(self, data) -> None:
        name = data.draw(st.sampled_from(self.names[-5:]))
        answer = self.order(Release(self.stamp(), reservation_id=name))
        assert (answer is not None) == self.naive.release(name)

    @rule(call=st.tuples(ATTRIBUTIONS, TARGETS), used=AMOUNTS)
    def record(self, call, used) -> None:
        attribution, target = call
        stamp = self.stamp()
        self.order(RecordUsage(stamp, attribution=attribution, target=target, used=used))
        call = Call(attribution, target, self.book.now_ns, None, used)
        self.naive.record(stamp.operation_id, call)

    @rule(duration_ns=DURATIONS)
    def pass_time(self, duration_ns: int) -> None:
        self.book.now_ns += duration_ns
        now = Now(self.book.now_ns, self.book.decider.terms)
        while (command := due(self.book.state, now)) is not None:
            self.book.do(command)
        self.naive.expire(self.book.now_ns)

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def repeat(self, data) -> None:
        command, answer, at_ns = data.draw(st.sampled_from(self.done))
        if self.book.now_ns - at_ns <= DAY_NS:
            before = self.book.digest()
            assert self.book.do(command) == answer
            assert self.book.digest() == before

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def try_and_take_back(self, data) -> None:
        """A frame that is refused by the log: what it changed is as it was."""
        book, written, orders = self.book, len(self.book.log), self.book.orders
        before, shelved = book.digest(), self.shelved()
        leased = {second: set(ids) for second, ids in book.state.leases.items()}
        mark = book.undo.mark()
        for _ in range(data.draw(st.integers(1, 6))):
            book.orders += 1
            old = data.draw(st.sampled_from(self.done))[0]
            fields = {name: getattr(old, name) for name in old.__struct_fields__}
            fields["stamp"] = Stamp(f"try-{book.orders}", b"")
            if isinstance(old, Reserve):
                fields["reservation_id"] = f"try-{book.orders}"
            try:
                book.do(type(old)(**fields))
            except BursarError:
                continue
        book.undo.rewind(mark)
        del book.log[written:]
        book.orders = orders
        assert book.digest() == before
        assert {second: set(ids) for second, ids in book.state.leases.items()} == leased
        assert self.shelved() == shelved

    def shelved(self) -> dict[tuple, dict[str, object]]:
        """What stands on the shelves, by shape and values."""
        shelves = self.book.state.shelves
        labelled = [shelf for named in shelves.labelled.values() for shelf in named.items()]
        return {
            (shape, key): dict(entries)
            for shape, shelf in (*shelves.plain.items(), *labelled)
            for key, entries in shelf.entries.items()
        }

    @invariant()
    def both_count_the_same(self) -> None:
        for limit_id in self.naive.limits:
            assert self.book.level(limit_id) == self.naive.level(limit_id, self.book.now_ns)

    @invariant()
    def holds_add_up_to_what_limits_hold(self) -> None:
        state = self.book.state
        held: dict[int, int] = {}
        for reservation in state.reservations.values():
            for number in reservation.buckets:
                bucket = state.buckets.get(number)
                if bucket is not None:
                    held[number] = held.get(number, 0) + reservation.holds[bucket.meter]
        for number, bucket in state.buckets.items():
            assert bucket.held == held.get(number, 0) >= 0
            assert bucket.settled >= 0

    @invariant()
    def buckets_are_found_by_number_and_by_window(self) -> None:
        state = self.book.state
        of_limits = [b for entry in state.limits.values() for b in entry.buckets.values()]
        assert {bucket.number: bucket for bucket in of_limits} == state.buckets
        assert all(state.buckets[bucket.number] is bucket for bucket in of_limits)

    def teardown(self) -> None:
        live = self.book.digest()
        assert digest(self.book.replayed()) == live
        loaded = load(self.book.dumped())
        assert digest(loaded) == live
        assert {second: set(ids) for second, ids in loaded.leases.items()} == {
            second: set(ids) for second, ids in self.book.state.leases.items()
        }


def test_the_laws_of_money_hold_for_any_orders():
    run_state_machine_as_test(
        QuotaMachine,
        settings=settings(
            max_examples=100,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
