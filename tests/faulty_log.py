"""A memory log that loses answers, delivers appends late, and refuses without a reason."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from enum import Enum, auto

from bursar.errors import LogUnavailable
from bursar.eventlog.log import AppendUncertain, FenceRefused
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.stream import StreamId


class Fault(Enum):
    """What happens to one append."""

    NONE = auto()
    NEVER_ARRIVES = auto()  # no answer, and it is not there
    ANSWER_LOST = auto()  # it is there, but no answer
    LATE_BY_ONE = auto()  # no answer; it arrives after the next append, fence and all
    LATE_BY_THREE = auto()
    NO_LEADER = auto()  # refused at once, certainly not there
    SPOKEN_TOO_EARLY = auto()  # refused by its own proposal, which is not committed and never is
    COMMITTED_AFTER_REFUSAL = auto()  # the same, but committed after the next append


_LATE_BY = {Fault.LATE_BY_ONE: 1, Fault.LATE_BY_THREE: 3, Fault.COMMITTED_AFTER_REFUSAL: 1}
_REFUSED = (Fault.SPOKEN_TOO_EARLY, Fault.COMMITTED_AFTER_REFUSAL)


class FaultyLog(MemoryLog):
    """Faults come in the order given, one for each append; after the last there are none."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        super().__init__()
        self.faults = list(faults)
        self._late: list[tuple[int, StreamId, bytes, int | None]] = []

    async def append(
        self, stream: StreamId, frame: bytes, expected_sequence: int | None, timeout_s: float
    ) -> int:
        fault = self.faults.pop(0) if self.faults else Fault.NONE
        try:
            if fault in _LATE_BY:
                self._late.append((_LATE_BY[fault] + 1, stream, frame, expected_sequence))
            elif fault in (Fault.NONE, Fault.ANSWER_LOST):
                sequence = await super().append(stream, frame, expected_sequence, timeout_s)
                if fault is Fault.NONE:
                    return sequence
        finally:
            await self._deliver_late()
        if fault is Fault.NO_LEADER:
            raise LogUnavailable("no leader")
        if fault in _REFUSED:
            raise FenceRefused("wrong last sequence")
        raise AppendUncertain("no answer")

    async def _deliver_late(self) -> None:
        waiting, self._late = self._late, []
        for left, stream, frame, expected_sequence in waiting:
            if left > 1:
                self._late.append((left - 1, stream, frame, expected_sequence))
                continue
            with suppress(FenceRefused):
                await super().append(stream, frame, expected_sequence, 1.0)
