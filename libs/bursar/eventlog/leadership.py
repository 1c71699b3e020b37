"""A writer's terms as leader: each begins with an epoch frame, and all its frames are fenced.

A term ends when another's frame stands where ours should, or when it is not known what stands there
in time: then nothing may be served before a new epoch frame of ours is acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial

from bursar.errors import BursarError, LogUnavailable, SteppedDown
from bursar.eventlog.certain import (
    Attempt,
    Outcome,
    Patience,
    Undecided,
    Verdict,
    append_certainly,
)
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.clock import ClockLeapt, WitnessedClock
from bursar.eventlog.frame import ID_BYTES, FrameKind, Heading, encode
from bursar.eventlog.log import EventLog, LogClosed

RETRY_AFTER_NS = 100_000_000

_log = logging.getLogger(__name__)


class Leadership:
    """Writes the frames of one decided stream. `held` is set during a term."""

    def __init__(
        self, log: EventLog, chain: DecidedChain, clock: WitnessedClock, patience: Patience
    ) -> None:
        self.held = asyncio.Event()
        self.was_deposed = False  # since the last term began
        self._log = log
        self._chain = chain
        self._clock = clock
        self._patience = patience
        self._writer_id = bytes(ID_BYTES)
        self._frames_written = 0  # in this term

    async def begin(self, catch_up: Callable[[int], Awaitable[None]]) -> bool:
        """A new term: true once its epoch frame stands at the end of the log. False where this
        machine's clock is not believed: then another had better lead.

        `catch_up(sequence)` folds what the log has up to there. Raises LogBroken, LogClosed.
        """
        while True:
            try:
                if await self._open_epoch(catch_up):
                    break
            except LogClosed:
                raise
            except ClockLeapt as error:
                _log.error("%s: %s", self._chain.stream, error.message)
                return False
            except LogUnavailable:  # undecided too: the fence of the next try settles it
                await asyncio.sleep(self._patience.pause_s)
        self.was_deposed = False
        self.held.set()
        return True

    async def append(self, events: list[bytes]) -> BursarError | None:
        """None when the events are durable, else what those who waited for them are told."""
        attempt_id = os.urandom(ID_BYTES)
        frame = self._encode(FrameKind.EVENTS, events, attempt_id)
        make_barrier = partial(self._encode, FrameKind.BARRIER, [], attempt_id)
        try:
            outcome = await self._append(frame, make_barrier)
        except Undecided as error:
            self.held.clear()
            return error
        except LogUnavailable as error:
            return error
        if outcome.verdict is Verdict.LANDED:
            return None
        if outcome.verdict is Verdict.NEVER_LANDED:
            return LogUnavailable(f"{self._chain.stream}: an append was lost")
        self.step_down()
        return self.refusal()

    def step_down(self) -> None:
        """Ends the term: another leads, or is to."""
        self.was_deposed = True
        self.held.clear()

    async def ask_for_the_time(self) -> None:
        """Compares our clock with the broker's. Raises ClockLeapt, LogUnavailable."""
        tail = await self._log.tail(self._chain.stream)
        self._clock.witness(tail.broker_ns)

    def refusal(self) -> BursarError:
        """What a caller is told who should ask another, or later."""
        kind = SteppedDown if self.was_deposed else LogUnavailable
        return kind(f"{self._chain.stream}: not led from here", retry_after_ns=RETRY_AFTER_NS)

    async def _open_epoch(self, catch_up: Callable[[int], Awaitable[None]]) -> bool:
        """False when a frame in flight landed first: there is more to fold, and a new end."""
        tail = await self._log.tail(self._chain.stream)
        await catch_up(tail.sequence)
        self._clock.not_before(self._chain.written_at_ns)
        self._clock.witness(tail.broker_ns)
        self._writer_id, self._frames_written = os.urandom(ID_BYTES), 0
        epoch = self._encode(FrameKind.EPOCH, [], os.urandom(ID_BYTES))
        outcome = await self._append(epoch, lambda: epoch)
        return outcome.verdict is Verdict.LANDED

    async def _append(self, frame: bytes, make_barrier: Callable[[], bytes]) -> Outcome:
        """One frame at the end of the chain, which moves on with what stands there of ours."""
        chain = self._chain
        attempt = Attempt(chain.stream, frame, chain.sequence, make_barrier)
        outcome = await append_certainly(self._log, attempt, self._patience)
        if outcome.frame is not None:
            chain.advance(chain.sequence + 1, outcome.frame)
            self._frames_written += 1
        return outcome

    def _encode(self, kind: FrameKind, events: list[bytes], attempt_id: bytes) -> bytes:
        chain = self._chain
        heading = Heading(
            kind=kind,
            stream=chain.stream,
            writer_id=self._writer_id,
            writer_epoch=chain.epoch + (kind is FrameKind.EPOCH),
            writer_sequence=self._frames_written + 1,
            attempt_id=attempt_id,
            first_event_number=chain.next_event_number,
            written_at_ns=self._clock.last_ns,
            previous_hash=chain.frame_hash,
        )
        return encode(heading, events)
