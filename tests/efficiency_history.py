"""A random history of money, and what it adds up to by the plainest means there are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from random import Random

from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.envelope import Origin, observed_event
from bursar.eventlog.frame import FrameKind, Heading, encode
from bursar.eventlog.log import Cursor
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.stream import StreamId
from bursar.events.v1 import event_pb2, usage_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2

USAGE = StreamId("usage")
DAY_NS = 86_400 * 1_000_000_000
BEGAN_NS = 1_767_225_600 * 1_000_000_000  # 2026-01-01
TOLD_CAUSES = (4, 5, 6, 7, 8)


def random_history(seed: int, calls: int) -> list[bytes]:
    """Calls over 100 days: settled, recorded, denied, charged and some of those settled late,
    corrected; in the order of their times.
    """
    random = Random(seed)
    events: list[tuple[int, str, object]] = []
    for number in range(calls):
        at_ns = BEGAN_NS + random.randrange(100 * DAY_NS)
        events += _call(random, number, at_ns)
    events.sort(key=lambda event: event[0])
    origin = Origin("acme", task_id="task_1")
    return [observed_event(kind, payload.SerializeToString(), origin, at_ns)
            for at_ns, kind, payload in events]  # fmt: skip


def _call(random: Random, number: int, at_ns: int) -> Iterator[tuple[int, str, object]]:
    who = ledger_pb2.Attribution(
        tenant_id=random.choice(["acme", "other"]),
        team_id=random.choice(["", "search"]),
        task_id=f"task_{number % 5}",
        labels=random.choice([{}, {"project": "p"}, {"project": "q", "env": "dev"}]),
    )
    target = ledger_pb2.Target(
        provider="anthropic", model=random.choice(["m", "n"]), tier=random.choice([1, 4])
    )
    what = random.choice(
        ["settled", "settled", "recorded", "denied", "charged", "late", "corrected"]
    )
    later_ns = at_ns + random.randrange(40 * DAY_NS)
    settled = usage_pb2.Settled(
        reservation_id=f"r{number}",
        attribution=who,
        target=target,
        usage=_usage(random),
        cost=_cost(random),
        requests=random.randrange(3),
        outcome=random.choice([quota_pb2.OUTCOME_UNKNOWN, quota_pb2.OUTCOME_UNSPECIFIED]),
        savings=[_saving(random) for _ in range(random.randrange(3))],
        overrun=ledger_pb2.Amounts(cost_nano_usd=random.randrange(9)),
    )
    charged = ledger_pb2.Amounts(requests=1, input_tokens=9, output_tokens=900, cost_nano_usd=10**6)
    expired = usage_pb2.Expired(
        reservation_id=f"r{number}",
        is_charged=True,
        attribution=who,
        target=target,
        charged=charged,
    )
    match what:
        case "settled":
            yield at_ns, "usage.settled", settled
        case "recorded":
            recorded = usage_pb2.UsageRecorded(
                attribution=who,
                target=target,
                usage=settled.usage,
                cost=settled.cost,
                requests=settled.requests,
                savings=settled.savings,
            )
            yield at_ns, "usage.recorded", recorded
        case "denied":
            yield at_ns, "usage.denied", usage_pb2.Denied(attribution=who, target=target)
        case "charged":
            yield at_ns, "usage.expired", expired
        case "late":
            settled.is_late = True
            yield at_ns, "usage.expired", expired
            yield later_ns, "usage.settled", settled
        case "corrected":
            amounts = ledger_pb2.Amounts(input_tokens=-7, cost_nano_usd=-random.randrange(10**9))
            corrected = usage_pb2.UsageAdjusted(attribution=who, target=target, amounts=amounts)
            yield at_ns, "usage.settled", settled
            yield later_ns, "usage.adjusted", corrected


def _usage(random: Random) -> ledger_pb2.TokenUsage:
    cached, written, written_1h, rest = (
        random.choice([0, random.randrange(10**6)]) for _ in "1234"
    )
    return ledger_pb2.TokenUsage(
        input_tokens=cached + written + written_1h + rest,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=written_1h,
        output_tokens=random.randrange(10**6),
        reasoning_tokens=random.randrange(10),
        is_estimate=random.random() < 0.1,
    )


def _cost(random: Random) -> ledger_pb2.Cost:
    if random.random() < 0.1:
        return ledger_pb2.Cost(is_known=False)
    price = ledger_pb2.PriceRow(
        input_pico_usd_per_token=random.randrange(10**7),
        cached_input_pico_usd_per_token=random.randrange(10**6),
        cache_write_pico_usd_per_token=random.randrange(10**7),
        cache_write_1h_pico_usd_per_token=random.randrange(10**7),
        output_pico_usd_per_token=random.randrange(10**8),
    )
    return ledger_pb2.Cost(total_nano_usd=random.randrange(10**13), is_known=True, price=price)


def _saving(random: Random) -> ledger_pb2.Saving:
    is_known = random.random() < 0.5
    return ledger_pb2.Saving(
        cause=random.choice(TOLD_CAUSES),
        input_tokens=random.randrange(10**5),
        output_tokens=random.randrange(10**5),
        cost_nano_usd=random.randrange(10**9) if is_known else 0,
        is_cost_known=is_known,
    )


async def append(
    log: MemoryLog, events: Sequence[bytes], chain: DecidedChain | None
) -> DecidedChain:
    """The events in frames of seven, as the one writer of the stream would write them."""
    chain = chain or DecidedChain(Cursor(USAGE))
    for at in range(0, len(events), 7):
        heading = Heading(
            FrameKind.EVENTS,
            USAGE,
            bytes(16),
            0,
            chain.sequence + 1,
            bytes(16),
            chain.next_event_number,
            chain.written_at_ns,
            chain.frame_hash,
        )
        frame = encode(heading, events[at : at + 7])
        chain.advance(await log.append(USAGE, frame, chain.sequence, 1.0), frame)
    return chain


Key = tuple[str, ...]


def naive(events: Iterable[bytes], since_ns: int, until_ns: int) -> dict[Key, Counter[str]]:
    """Sums by tenant, model and label `project`, event by event and in fractions."""
    groups: dict[Key, Counter[str]] = defaultdict(Counter)
    charges: dict[str, ledger_pb2.Amounts] = {}
    for event_bytes in events:
        envelope = event_pb2.Event.FromString(event_bytes)
        payload = _PAYLOADS[envelope.kind].FromString(envelope.payload)
        who, target = payload.attribution, payload.target
        sums: Counter[str] = Counter()
        if since_ns <= envelope.at_ns < until_ns:
            key = (who.tenant_id, target.model, who.labels.get("project", ""))
            sums = groups[key]
        match envelope.kind:
            case "usage.settled" | "usage.recorded":
                charge = charges.pop(getattr(payload, "reservation_id", ""), None)
                _add_call(sums, payload)
                if charge is not None:
                    _add_amounts(sums, charge, -1)
                    sums["unknown"] -= 1
            case "usage.expired":
                charges[payload.reservation_id] = payload.charged
                _add_amounts(sums, payload.charged, 1)
                sums["unknown"] += 1
            case "usage.adjusted":
                _add_amounts(sums, payload.amounts, 1)
            case "usage.denied":
                sums["denied"] += 1
    return groups


def _add_call(sums: Counter[str], call: usage_pb2.Settled) -> None:
    usage, cost = call.usage, call.cost
    is_free = call.target.tier == ledger_pb2.BACKEND_TIER_LOCAL_TOOL
    calls = 0 if is_free else max(1, call.requests)
    is_unknown = getattr(call, "outcome", 0) == quota_pb2.OUTCOME_UNKNOWN
    sums["unknown"] += is_unknown and not is_free
    sums["calls"] += calls
    sums["without_price"] += 0 if cost.is_known else calls
    sums["input_tokens"] += usage.input_tokens
    sums["cached"] += usage.cached_input_tokens
    sums["output_tokens"] += usage.output_tokens
    sums["cost"] += cost.total_nano_usd
    saved_usd, price = Fraction(0), cost.price
    for saving in call.savings:
        sums["saved_tokens"] += saving.input_tokens + saving.output_tokens
        worth = Fraction(saving.cost_nano_usd)
        if not saving.is_cost_known:
            worth = Fraction(
                saving.input_tokens * price.input_pico_usd_per_token
                + saving.output_tokens * price.output_pico_usd_per_token,
                1000,
            )
        saved_usd += worth
    if cost.is_known:
        plain = price.input_pico_usd_per_token
        for tokens, rate in (
            (usage.cached_input_tokens, price.cached_input_pico_usd_per_token),
            (usage.cache_write_tokens, price.cache_write_pico_usd_per_token),
            (usage.cache_write_1h_tokens, price.cache_write_1h_pico_usd_per_token),
        ):
            saved_usd += Fraction(tokens * (plain - rate), 1000)
    sums["saved"] += round(saved_usd)


def _add_amounts(sums: Counter[str], amounts: ledger_pb2.Amounts, times: int) -> None:
    sums["calls"] += amounts.requests * times
    sums["input_tokens"] += amounts.input_tokens * times
    sums["output_tokens"] += amounts.output_tokens * times
    sums["cost"] += amounts.cost_nano_usd * times


_PAYLOADS = {
    "usage.settled": usage_pb2.Settled,
    "usage.recorded": usage_pb2.UsageRecorded,
    "usage.expired": usage_pb2.Expired,
    "usage.adjusted": usage_pb2.UsageAdjusted,
    "usage.denied": usage_pb2.Denied,
}
