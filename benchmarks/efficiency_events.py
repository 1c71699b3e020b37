"""Calls for benchmarks of reports: as rows of a store, and as events of a log."""

from __future__ import annotations

from random import Random
from zlib import crc32

from bursar.eventlog.envelope import Origin, observed_event
from bursar.events.v1 import usage_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.money import nano_usd_from_pico_usd
from bursar_efficiency.columns import Batch
from bursar_efficiency.domain.baseline import Rates, of_call, provider_cache_pico_usd
from bursar_efficiency.domain.facts import LABEL, VALUE, Saved, Tokens
from bursar_efficiency.schema import DAY_NS

GROUPS = 100_000
DAYS = 90
BEGAN_NS = 1_767_225_600 * 1_000_000_000  # 2026-01-01
CALLS_A_TASK = 5
FRAME_EVENTS = 100


def filled_batch(noise: Random, numbers: range, events: int) -> Batch:
    """Those of `events` calls, over all the days. The first batch names all groups."""
    batch = Batch()
    if numbers.start == 0:
        batch.whos = [_who(number) for number in range(GROUPS)]
    for number in numbers:
        at_ns = BEGAN_NS + number * DAYS * DAY_NS // events
        who = int(GROUPS * noise.random() ** 3)
        task_id = f"task_{number // CALLS_A_TASK:032x}"
        cached = noise.randrange(4_000)
        tokens = (cached + 1_000, cached, 0, 0, noise.randrange(2_000), 0, 0)
        cost = 3_000_000 + cached * 300
        batch.rows.append((at_ns, who, task_id, 1, 0, 0, 0, 0, *tokens, cost, 0, 0, 0, 0, 0))
        batch.saved.append((at_ns, who, task_id, 3, 0, 0, cached * 2_700, 0))
        frame = number // FRAME_EVENTS
        for text_id in (task_id, f"call_{number}", f"trace_{number}"):
            batch.places.append((crc32(text_id.encode()), 0, frame))
    return batch


def _who(number: int) -> tuple[int | str, ...]:
    labels = f"{LABEL}project{VALUE}p{number % 30}{LABEL}"
    team, user, key = f"team-{number % 50}", f"user_{number // 2}", f"key_{number % 500}"
    model = f"model-{number % 12}"
    return (
        number,
        f"tenant-{number % 7}",
        team,
        user,
        key,
        "",
        "anthropic",
        model,
        "paid_api",
        labels,
    )


def settled_events(count: int, task_prefix: str = "") -> list[bytes]:
    """Settlements; all of one task, where its id is given."""
    price = ledger_pb2.PriceRow(
        provider="anthropic",
        model="claude-sonnet",
        input_pico_usd_per_token=3_000_000,
        cached_input_pico_usd_per_token=300_000,
        cache_write_pico_usd_per_token=3_750_000,
        output_pico_usd_per_token=15_000_000,
        snapshot_hash=bytes(32),
        price_set="list",
    )
    return [_settled(number, task_prefix or f"task_{number // CALLS_A_TASK}", price)
            for number in range(count)]  # fmt: skip


def _settled(number: int, task_id: str, price: ledger_pb2.PriceRow) -> bytes:
    cached = 400 if number % 4 == 0 else 0
    settled = usage_pb2.Settled(
        operation_id=f"operation-{number}",
        reservation_id=f"rsv_{number:032x}",
        usage=ledger_pb2.TokenUsage(
            input_tokens=1_000, cached_input_tokens=cached, output_tokens=300
        ),
        cost=ledger_pb2.Cost(total_nano_usd=7_500_000 - cached * 2_700, is_known=True, price=price),
        requests=1,
        fingerprint=bytes(32),
        buckets=[1, 2, 3],
        attribution=ledger_pb2.Attribution(
            tenant_id="acme",
            team_id=f"team-{number % 50}",
            user_id=f"user_{number % 10_000}",
            task_id=task_id,
        ),
        target=ledger_pb2.Target(provider="anthropic", model="claude-sonnet", tier=4),
    )
    origin = Origin("acme", task_id, f"call_{number}", trace_id=number.to_bytes(16, "big"))
    return observed_event(
        "usage.settled", settled.SerializeToString(), origin, BEGAN_NS + number * 1_000_000
    )


def causes_error_nano_usd(noise: Random) -> int:
    """The most that the causes of one of 20,000 random calls miss its saving by."""
    return max(_error_nano_usd(noise) for _ in range(20_000))


def _error_nano_usd(noise: Random) -> int:
    told = [
        Saved(cause, noise.randrange(10**6), noise.randrange(10**6), 0, is_cost_known=False)
        for cause in range(4, 4 + noise.randrange(5))
    ]
    counts = [noise.randrange(10**6) for _ in range(3)]
    tokens = Tokens(sum(counts), *counts)
    rates = Rates(*(noise.randrange(10**8) for _ in range(5)))
    exact_pico_usd = provider_cache_pico_usd(tokens, rates) + sum(
        saved.input_tokens * rates.input + saved.output_tokens * rates.output for saved in told
    )
    split = sum(saved.cost_nano_usd for saved in of_call(told, tokens, rates))
    return abs(split - nano_usd_from_pico_usd(exact_pico_usd))
