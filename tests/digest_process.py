"""Prints the digest of a history that is always the same: `digest_process.py EVENTS_PER_FRAME`.

Run under several hash seeds, it shows that no rule and no digest depends on the order of a set or a
mapping; with several sizes of frames, that none depends on how commands were batched.
"""

import asyncio
import sys
from itertools import product

from bursar.eventlog.frame import NO_HASH, FrameKind, Heading, encode, frame_hash
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.tentative import Untracked
from bursar_quota import wire
from bursar_quota.calendar import ZonedCalendar
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.commands import Dispatch, PutLimit, Release, Reserve, Settle, Stamp
from bursar_quota.domain.evolution import evolve
from bursar_quota.domain.limits import Limit, ManagedBy, Mode, Selector
from bursar_quota.domain.meters import Amounts, Meter
from bursar_quota.domain.rules import decide
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now, Terms
from bursar_quota.domain.windows import WindowKind
from bursar_quota.dump import digest
from bursar_quota.replay import Until, state_at

NS_PER_S = 1_000_000_000
START_NS = 1_800_000_000 * NS_PER_S
CALLS = 150
METERS = (Meter.REQUESTS, Meter.INPUT_TOKENS, Meter.TOTAL_TOKENS, Meter.COST_NANO_USD)
WINDOWS = (WindowKind.HOUR, WindowKind.DAY, WindowKind.MONTH, WindowKind.LIFETIME)


def commands():
    """Limits on every axis and window, then calls that end in every way, some refused."""
    for number, (meter, window) in enumerate(product(METERS, WINDOWS)):
        selector = Selector(tenant_id="acme", provider=("", "anthropic")[number % 2])
        limit = Limit(
            f"l{number}", selector, meter, window, 20_000, Mode.HARD, "UTC", ManagedBy.API
        )
        yield PutLimit(Stamp(f"limit-{number}", b""), limit=limit)
    for number in range(CALLS):
        call = Attribution("acme", user_id=f"u{number % 7}", labels=(("job", f"j{number % 3}"),))
        target = Target("anthropic", f"m{number % 5}")
        yield Reserve(
            Stamp(f"r{number}", b"r"),
            reservation_id=f"rsv{number}",
            attribution=call,
            target=target,
            amounts=Amounts(1, 100 + number, 50, 90),
            lease_ns=3600 * NS_PER_S,
        )
        ends = (
            [Settle(Stamp(f"s{number}", b"s"), reservation_id=f"rsv{number}", used=Amounts(1, 9))],
            [Release(Stamp(f"x{number}", b"x"), reservation_id=f"rsv{number}")],
            [Dispatch(Stamp(f"d{number}", b"d"), reservation_id=f"rsv{number}")],
        )
        yield from ends[number % 3]


def history():
    """Every event as it is written, with its command's bytes."""
    state, terms = State(), Terms(ZonedCalendar())
    for number, command in enumerate(commands()):
        now = Now(START_NS + number * NS_PER_S, terms)
        ends = isinstance(command, Settle | Release | Dispatch)
        if ends and command.reservation_id not in state.reservations:
            continue  # it was refused
        for event in decide(state, command, now).events:
            evolve(state, event, Untracked())
            yield wire.encode(event, command)


async def log_of(events, per_frame):
    log = MemoryLog()
    await log.open(wire.USAGE)
    previous_hash = NO_HASH
    for at in range(0, len(events), per_frame):
        kind = FrameKind.EVENTS
        heading = Heading(
            kind, wire.USAGE, bytes(16), 0, at + 1, bytes(16), at + 1, START_NS, previous_hash
        )
        frame = encode(heading, events[at : at + per_frame])
        await log.append(wire.USAGE, frame, None, 1.0)
        previous_hash = frame_hash(frame)
    return log


async def main(per_frame: str) -> None:
    log = await log_of(list(history()), int(per_frame))
    print(digest(await state_at(log, wire.USAGE, Until(), lambda _: None)).hex())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
