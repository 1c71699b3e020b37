"""An append whose outcome is known, even when its answer is lost.

That a frame is absent is not proved by reading: it may still arrive. So an empty barrier frame is
appended with the same fence. If it is acknowledged, the lost frame can never land. A refusal proves
nothing by itself (with replicas it can speak of a proposal that is not committed): what stands at
the place is read from the leader, and where nothing stands the barrier is sent again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum

from bursar.errors import LogUnavailable
from bursar.eventlog.log import AppendUncertain, EventLog, FenceRefused, LogFull
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
    """A frame, the barrier that would close its place, and the sequence the stream must end with.

    An epoch frame is empty, so it is its own barrier: sent again, it lands once.
    """

    stream: StreamId
    frame: bytes
    barrier: bytes
    expected_sequence: int


class Undecided(LogUnavailable):
    """The deadline passed and it is still not known whether the frame landed."""

    reason = "APPEND_UNDECIDED"


async def append_certainly(log: EventLog, attempt: Attempt, patience: Patience) -> Verdict:
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
        except LogFull:
            raise
        except LogUnavailable:  # certainly not there, such as without a leader: try again
            if _monotonic_s() + patience.pause_s > deadline_s:
                raise
            await asyncio.sleep(patience.pause_s)
        else:
            return Verdict.LANDED


async def _settle(
    log: EventLog, attempt: Attempt, patience: Patience, deadline_s: float
) -> Verdict:
    while _monotonic_s() < deadline_s:
        verdict = await _try_barrier(log, attempt, patience)
        if verdict is not None:
            return verdict
        await asyncio.sleep(patience.pause_s)
    raise Undecided(f"{attempt.stream}: no certainty in {patience.certainty_s} s")


async def _try_barrier(log: EventLog, attempt: Attempt, patience: Patience) -> Verdict | None:
    try:
        await log.append(
            attempt.stream, attempt.barrier, attempt.expected_sequence, patience.answer_s
        )
    except FenceRefused:
        return await _what_stands(log, attempt)
    except LogUnavailable:  # the barrier's own answer was lost, or there is no leader
        return None
    return Verdict.LANDED if attempt.barrier == attempt.frame else Verdict.NEVER_LANDED


async def _what_stands(log: EventLog, attempt: Attempt) -> Verdict | None:
    try:
        record = await log.get(attempt.stream, attempt.expected_sequence + 1)
    except LogUnavailable:
        return None
    if record is None:
        return None  # the refusal spoke of a proposal that is not committed
    if record.frame == attempt.frame:
        return Verdict.LANDED
    return Verdict.NEVER_LANDED if record.frame == attempt.barrier else Verdict.DEPOSED


def _monotonic_s() -> float:
    return asyncio.get_running_loop().time()
