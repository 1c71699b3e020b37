"""A quota kept in memory, for examples: orders in, answers out, every event kept as bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bursar.errors import BursarError
from bursar.eventlog.tentative import Undo, Untracked
from bursar_quota.domain.answers import Answer
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.commands import (
    Command,
    DeleteLimit,
    Dispatch,
    PutLimit,
    RecordUsage,
    Release,
    Reserve,
    Settle,
    Stamp,
)
from bursar_quota.domain.events import Event
from bursar_quota.domain.limits import Limit, Mode, Selector, made_limit_id
from bursar_quota.domain.meters import Amounts, Meter
from bursar_quota.domain.reading import levels_of_tenant
from bursar_quota.domain.state import NS_PER_S, State
from bursar_quota.domain.terms import Now
from bursar_quota.domain.windows import WindowKind
from bursar_quota.dump import digest, dump
from bursar_quota.projection import QuotaDecider
from quota_orders import as_it_came

NOON_NS = 1_795_521_600 * NS_PER_S  # 2026-11-24T12:00:00Z, a Tuesday
MINUTE_NS = 60 * NS_PER_S
HOUR_NS = 3600 * NS_PER_S
DAY_NS = 24 * HOUR_NS
LEASE_NS = 120 * NS_PER_S

ANTHROPIC = Target("anthropic", "claude-x", 4)
OPENAI = Target("openai", "gpt-y", 4)
ACME = Attribution("acme", team_id="red", user_id="ann", key_id="k1")


@dataclass
class Book:
    """The state, and the log that led to it."""

    state: State = field(default_factory=State)
    decider: QuotaDecider = field(default_factory=QuotaDecider)
    undo: Undo = field(default_factory=Undo)
    now_ns: int = NOON_NS
    log: list[bytes] = field(default_factory=list)
    orders: int = 0

    def do(self, command: Command) -> Answer:
        """Decides, writes, folds. Raises what is not an answer."""
        command = as_it_came(command)
        decision = self.decider.decide(self.state, command, self.now_ns)
        for event in decision.events:
            self.log.append(self.decider.encode(event, command, self.now_ns))
            self.decider.evolve(self.state, event, self.undo)
        return decision.answer

    def events(self) -> list[Event]:
        return [self._decoded(place) for place in range(len(self.log))]

    def last_event(self) -> Event:
        return self._decoded(len(self.log) - 1)

    def replayed(self) -> State:
        state, untracked = State(), Untracked()
        for event in self.events():
            self.decider.evolve(state, event, untracked)
        return state

    def digest(self) -> bytes:
        return digest(self.state)

    def dumped(self) -> bytes:
        return dump(self.state)

    def tick(self) -> int:
        """Does all that is due; how many orders that were."""
        done = 0
        while (command := self.decider.due(self.state, self.now_ns)) is not None:
            self.do(command)
            done += 1
        return done

    def pass_time(self, duration_ns: int) -> None:
        """In steps of the writer's tick, so that nothing looks like an outage."""
        end_ns = self.now_ns + duration_ns
        while self.now_ns < end_ns:
            self.now_ns = min(end_ns, self.now_ns + NS_PER_S)
            self.tick()

    def level(self, limit_id: str) -> tuple[int, int]:
        """Settled and held, in the window of now."""
        for level in levels_of_tenant(self.state, "", Now(self.now_ns, self.decider.terms)):
            if level.limit.limit_id == limit_id:
                return level.settled, level.held
        raise AssertionError(f"no limit {limit_id}")

    def _decoded(self, place: int) -> Event:
        event = self.decider.decode(self.log[place], place + 1)
        assert event is not None
        return event

    def stamp(self, operation_id: str = "", fingerprint: bytes = b"") -> Stamp:
        self.orders += 1
        return Stamp(operation_id or f"op-{self.orders}", fingerprint or b"content")

    def put(self, limit: Limit, **stamp) -> Answer:
        return self.do(PutLimit(self.stamp(**stamp), limit=limit))

    def delete(self, limit_id: str, **stamp) -> Answer:
        return self.do(DeleteLimit(self.stamp(**stamp), limit_id=limit_id))

    def reserve(self, amounts: Amounts, call=(ACME, ANTHROPIC), **fields) -> Answer:
        stamp = {name: fields.pop(name) for name in ("operation_id", "fingerprint") & fields.keys()}
        self.orders += 1
        command = Reserve(
            self.stamp(**stamp),
            reservation_id=fields.pop("reservation_id", f"rsv-{self.orders}"),
            attribution=call[0],
            target=call[1],
            amounts=amounts,
            lease_ns=fields.pop("lease_ns", LEASE_NS),
            **fields,
        )
        return self.do(command)

    def dispatch(self, reservation_id: str, **stamp) -> Answer:
        return self.do(Dispatch(self.stamp(**stamp), reservation_id=reservation_id))

    def settle(self, reservation_id: str, used: Amounts, **stamp) -> Answer:
        return self.do(Settle(self.stamp(**stamp), reservation_id=reservation_id, used=used))

    def release(self, reservation_id: str, **stamp) -> Answer:
        return self.do(Release(self.stamp(**stamp), reservation_id=reservation_id))

    def record(self, used: Amounts, call=(ACME, ANTHROPIC), **stamp) -> Answer:
        return self.do(
            RecordUsage(self.stamp(**stamp), attribution=call[0], target=call[1], used=used)
        )


def limit(
    meter: Meter = Meter.TOTAL_TOKENS,
    window: WindowKind = WindowKind.DAY,
    amount: int = 1000,
    selector: Selector | None = None,
    **fields,
) -> Limit:
    selector = selector or Selector()
    limit_id = fields.pop("limit_id", "") or made_limit_id(selector, meter, window)
    return Limit(limit_id, selector, meter, window, amount, fields.pop("mode", Mode.HARD), **fields)


def book(*limits: Limit) -> Book:
    """A quota with these limits and no outage in its memory."""
    made = Book()
    for one in limits:
        made.put(one)
    made.tick()
    made.pass_time(31 * NS_PER_S)  # past the grace of its start
    return made


def tokens(input_tokens: int = 0, output_tokens: int = 0, cost_nano_usd: int = 0) -> Amounts:
    return Amounts(1, input_tokens, output_tokens, cost_nano_usd)


def errors_of(orders: Iterable) -> list[BursarError]:
    """What each of the calls raises; those that raise nothing are left out."""
    found = []
    for order in orders:
        try:
            order()
        except BursarError as error:
            found.append(error)
    return found
