"""Replicas and their broker in trouble while callers ask: killed, stopped, gone on with, again."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from bursar.errors import DeadlineExceeded, LimitExceeded, Overloaded, Unavailable
from nats_broker import NatsBroker
from quota_fleet import Fleet, Replica
from quota_services import COST_NANO_USD, a_limit, a_reserve, a_settle, digest_of

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
    got_on: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False


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


async def call_on(fleet: Fleet, name: str, rng: random.Random, ledger: Ledger):
    """One caller: reserves, and settles half of what it got, until all is over."""
    number = 0
    while not ledger.is_over:
        number += 1
        reserve = a_reserve(f"{name}-{number}", is_dispatched=True)
        held = await answered(fleet, rng, lambda quota, r=reserve: quota.reserve(r))
        if isinstance(held, LimitExceeded):
            ledger.refused += 1
            continue
        ledger.acknowledged.add(held.reservation_id)
        ledger.got_on.set()
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
    rng, until_s = random.Random(seed), time.monotonic() + duration_s

    async def next_trouble(ledger: Ledger) -> None:
        await asyncio.sleep(rng.uniform(*PAUSE_S))
        await trouble(fleet, broker, rng, ledger)

    def as_long_as_it_is_time():
        while time.monotonic() < until_s:
            yield next_trouble

    return await amid(fleet, seed, as_long_as_it_is_time())


async def amid(
    fleet: Fleet, seed: int, troubles: Iterable[Callable[[Ledger], Awaitable[None]]]
) -> Ledger:
    """One trouble after the other while callers ask; then every caller has its answer."""
    ledger = Ledger()
    await fleet.replicas[0].quota.put_limit(a_limit(BUDGET_CALLS * COST_NANO_USD))
    async with asyncio.TaskGroup() as group:
        for number in range(CALLERS):
            own = random.Random(seed + number)
            group.create_task(call_on(fleet, f"caller{number}", own, ledger))
        for each in troubles:
            await each(ledger)
        ledger.is_over = True
    return ledger


async def one_more(ledger: Ledger) -> None:
    """Returns when one more order was acknowledged: quota goes on."""
    ledger.got_on.clear()
    async with asyncio.timeout(ANSWER_S_MAX):
        await ledger.got_on.wait()


async def kill_the_leader(fleet: Fleet) -> None:
    """kill -9, and it is started again in its place."""
    leader = await fleet.leader()
    await asyncio.to_thread(leader.kill)
    await _again(fleet, leader)


async def stop_the_leader(fleet: Fleet, seconds: float) -> None:
    leader = await fleet.leader()
    leader.stop()
    await asyncio.sleep(seconds)
    leader.go_on()


async def take_the_broker_away(broker: NatsBroker, seconds: float) -> None:
    broker.kill()
    await asyncio.sleep(seconds)
    await asyncio.to_thread(broker.start)


async def digest_once_it_answers(quota):
    while True:
        try:
            return await digest_of(quota)
        except Unavailable:
            continue
