"""Replicas and their broker in trouble while callers ask: killed, stopped, gone on with, again."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

from bursar.errors import DeadlineExceeded, LimitExceeded, Overloaded, Unavailable
from nats_broker import NatsBroker
from quota_fleet import Fleet, Replica
from quota_services import COST_NANO_USD, a_limit, a_reserve, a_settle

PAUSE_S = (0.2, 1.5)  # between one trouble and the next
BROKER_AWAY_S = (0.1, 2.0)
STOPPED_S = (0.5, 7.0)  # a lease lives for 5 s
ANSWER_S_MAX = 60.0
BUDGET_CALLS = 100_000
CALLERS = 6


@dataclass
class Ledger:
    """What callers were told, for good."""

    acknowledged: set[str] = field(default_factory=set)
    refused: int = 0
    troubles: list[str] = field(default_factory=list)


async def answered(fleet: Fleet, rng: random.Random, ask):
    """Asks some replica, and another until there is an answer; always with the same id."""
    async with asyncio.timeout(ANSWER_S_MAX):
        while True:
            try:
                return await ask(rng.choice(fleet.replicas).quota)
            except LimitExceeded as refusal:
                return refusal
            except (Unavailable, DeadlineExceeded, Overloaded):
                await asyncio.sleep(0.02)


async def call_on(fleet: Fleet, name: str, rng: random.Random, ledger: Ledger, until_s: float):
    """One caller: reserves, and settles half of what it got, until the time is up."""
    number = 0
    while time.monotonic() < until_s:
        number += 1
        reserve = a_reserve(f"{name}-{number}", is_dispatched=True)
        held = await answered(fleet, rng, lambda quota, r=reserve: quota.reserve(r))
        if isinstance(held, LimitExceeded):
            ledger.refused += 1
            continue
        ledger.acknowledged.add(held.reservation_id)
        if number % 2:
            settle = a_settle(held.reservation_id, operation_id=f"{name}-{number}-settle")
            await answered(fleet, rng, lambda quota, s=settle: quota.settle(s))


async def trouble(fleet: Fleet, broker: NatsBroker, rng: random.Random, ledger: Ledger) -> None:
    """One thing goes wrong, and is mended."""
    kind = rng.choice(("kill", "kill", "stop", "broker"))
    victim = rng.choice(fleet.replicas)
    ledger.troubles.append(kind)
    if kind == "broker":
        broker.kill()
        await asyncio.sleep(rng.uniform(*BROKER_AWAY_S))
        await asyncio.to_thread(broker.start)
    elif kind == "stop":
        victim.stop()
        await asyncio.sleep(rng.uniform(*STOPPED_S))
        victim.go_on()
    else:
        await asyncio.to_thread(victim.kill)
        await _again(fleet, victim)


async def _again(fleet: Fleet, gone: Replica) -> None:
    """In its place, as an engine starts it again."""
    fleet.replicas.remove(gone)
    await fleet.start(port=gone.address.rpartition(":")[2])


async def chaos(fleet: Fleet, broker: NatsBroker, seed: int, duration_s: float) -> Ledger:
    """So long, from this seed; then everything is mended and every caller has its answer."""
    rng, ledger = random.Random(seed), Ledger()
    await fleet.replicas[0].quota.put_limit(a_limit(BUDGET_CALLS * COST_NANO_USD))
    until_s = time.monotonic() + duration_s
    async with asyncio.TaskGroup() as group:
        for number in range(CALLERS):
            own = random.Random(seed + number)
            group.create_task(call_on(fleet, f"caller{number}", own, ledger, until_s))
        while time.monotonic() < until_s:
            await asyncio.sleep(rng.uniform(*PAUSE_S))
            await trouble(fleet, broker, rng, ledger)
    return ledger
