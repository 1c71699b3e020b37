"""An append whose outcome is known, even when its answer is lost.

That a frame is absent is not proved by reading: it may still arrive. So an empty barrier frame is
appended with the same fence. If it is acknowledged, the lost frame can never land. A refusal proves
nothing by itself (with replicas it can speak of a proposal that is not committed): what stands at
the place is read from the leader, and where nothing stands the barrier is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from bursar.errors import LogUnavailable
from bursar.eventlog.log import AppendUncertain, EventLog, FenceRefused, LogClosed, LogFull
from bursar.eventlog.stream import StreamId


class Verdict(Enum):
    """What became of an append."""

    LANDED = "landed"  # our frame stands at the place
    NEVER_LANDED = "never landed"  # our barrier stands there, and our frame can never
    DEPOSED = "deposed"  # another's frame stands there


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a writer waits: for one answer, between tries, and for certainty."""

    answer_s: float = 2.0
    pause_s: float = 0.1
    certainty_s: float = 10.0  # a cluster elects a leader in 4-6 s


@dataclass(frozen=True, slots=True)
class Attempt:
    """A frame, the sequence the stream must end with, and what makes the barrier for its place.

    An epoch frame is empty, so it is its own barrier: sent again, it lands once.
    """

    stream: StreamId
    frame: bytes
    expected_sequence: int
    make_barrier: Callable[[], bytes]


class Undecided(LogUnavailable):
    """The deadline passed and it is still not known whether the frame landed."""

    reason = "APPEND_UNDECIDED"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an append, and the frame that stands at its place; None for another's."""

    verdict: Verdict
    frame: bytes | None


async def append_certainly(log: EventLog, attempt: Attempt, patience: Patience) -> Outcome:
    """Appends, and finds out what became of it.

    Raises LogUnavailable (or LogFull) when the frame is certainly not there, Undecided when the
    deadline passed without certainty: then nothing may be served before an epoch frame stands.
    """
    deadline_s = _monotonic_s() + patience.certainty_s
    while True:
        try:
            await log.append(
                attempt.stream, attempt.frame, attempt.expected_sequence, patience.answer_s
            )
        except (AppendUncertain, FenceRefused):
            return await _settle(log, attempt, patience, deadline_s)
        except (LogFull, LogClosed):
            raise
        except LogUnavailable:  # certainly not there, such as without a leader: try again
            if _monotonic_s() + patience.pause_s > deadline_s:
                raise
            await asyncio.sleep(patience.pause_s)
        else:
            return Outcome(Verdict.LANDED, attempt.frame)


async def _settle(
    log: EventLog, attempt: Attempt, patience: Patience, deadline_s: float
) -> Outcome:
    barrier = attempt.make_barrier()
    while _monotonic_s() < deadline_s:
        found = await _try_barrier(log, attempt, barrier, patience)
        if found is not None:
            return _outcome(attempt, barrier, found)
        await asyncio.sleep(patience.pause_s)
    raise Undecided(f"{attempt.stream}: no certainty in {patience.certainty_s} s")


async def _try_barrier(
    log: EventLog, attempt: Attempt, barrier: bytes, patience: Patience
) -> bytes | None:
    """What stands at the attempt's place for certain; None when that is not known yet."""
    stream, expected_sequence = attempt.stream, attempt.expected_sequence
    try:
        await log.append(stream, barrier, expected_sequence, patience.answer_s)
        return barrier
    except FenceRefused:
        pass
    except LogUnavailable:  # the barrier's own answer was lost, or there is no leader
        return None
    try:
        record = await log.get(stream, expected_sequence + 1)
    except LogUnavailable:
        return None
    # Nothing there: the refusal spoke of a proposal that is not committed.
    return None if record is None else record.frame


def _outcome(attempt: Attempt, barrier: bytes, found: bytes) -> Outcome:
    if found == attempt.frame:
        return Outcome(Verdict.LANDED, found)
    if found == barrier:
        return Outcome(Verdict.NEVER_LANDED, found)
    return Outcome(Verdict.DEPOSED, None)


def _monotonic_s() -> float:
    return asyncio.get_running_loop().time()
