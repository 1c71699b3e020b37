"""The one writer of a decided stream: group commit, a fence, and answers from durable state only.

It is its own task and keeps one frame in flight. The commands that came meanwhile make up the next
frame; each is decided on the committed state and on what was decided before it in the frame. A
frame that is not acknowledged is taken back, and all that waited on it are told to try again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from time import time_ns
from typing import Any, Generic, TypeVar

from bursar.errors import (
    BursarError,
    FailedPrecondition,
    LogBroken,
    LogUnavailable,
    Overloaded,
)
from bursar.eventlog.batch import Batch, Waiting, Work, decide_batch, refuse
from bursar.eventlog.certain import Patience
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.clock import WitnessedClock
from bursar.eventlog.decider import Decider
from bursar.eventlog.following import follow_until
from bursar.eventlog.leadership import Leadership
from bursar.eventlog.lease import Lease
from bursar.eventlog.log import Cursor, EventLog
from bursar.eventlog.projection import Projection
from bursar.eventlog.tentative import Undo, Untracked

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event")
Answer = TypeVar("Answer")
View = TypeVar("View")

DUE_AT_ONCE_MAX = 64  # commands of one tick; the next tick takes the rest

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WriterTerms:
    """How a writer works; the defaults serve."""

    clock: Callable[[], int] = time_ns  # nanoseconds since 1970 UTC
    lease: Lease | None = None  # None where only one process can be the writer
    patience: Patience = field(default_factory=Patience)
    queue_commands_max: int = 4096
    linger_s: float = 0.002  # how long a command that may wait waits for company
    tick_s: float = 0.5  # how often `due` is asked
    standby_s: float = 5.0  # after being deposed, before it tries to lead again without a lease


class DecidedWriter(Generic[State, Command, Event, Answer]):
    """Decides commands and makes their events durable, as long as it leads.

    `state` belongs to the writer from here on; `after` says which frames it already holds. `ready`
    is set while it leads.
    """

    def __init__(
        self,
        log: EventLog,
        decider: Decider[State, Command, Event, Answer],
        state: State,
        after: Cursor,
        terms: WriterTerms | None = None,
    ) -> None:
        self._log = log
        self._decider = decider
        self._terms = terms or WriterTerms()
        self._chain = DecidedChain(after)
        self._clock = WitnessedClock(self._terms.clock)
        self._leadership = Leadership(log, self._chain, self._clock, self._terms.patience)
        self._folded = Projection(state, self._chain, self._apply)
        self._undo = Undo()
        self._in_flight: Batch[Answer] | None = None
        self._queue: deque[Waiting[Command, Answer]] = deque()
        # Any: each view gives what its own caller asked for.
        self._views: deque[tuple[Callable[[State], Any], asyncio.Future[Any]]] = deque()
        self._work = asyncio.Event()
        self._lingering: asyncio.TimerHandle | None = None
        self._ticking: asyncio.TimerHandle | None = None
        self._due_left = 0
        self._broken: LogBroken | None = None
        self._is_contested = False
        self.ready = self._leadership.held

    def submit(self, command: Command, *, lingers: bool = False) -> asyncio.Future[Answer]:
        """The future answer, which leaves once all that it rests on is durable.

        With `lingers` the command may wait 2 ms for the next frame (a settle that nobody waits
        for). Cancelling the future, or the caller, never cancels an append. Raises Overloaded when
        the queue is full, SteppedDown while this process does not lead, LogBroken for good.
        """
        if not self.ready.is_set():
            raise self._not_leading()
        if len(self._queue) >= self._terms.queue_commands_max:
            raise Overloaded(f"{self._chain.stream}: {len(self._queue)} commands wait already")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append(Waiting(command, future))
        if lingers:
            self._linger()
        else:
            self._work.set()
        return future

    def read(self, view: Callable[[State], View]) -> asyncio.Future[View]:
        """What `view` gives of the committed state, between two frames; `cursor` fits it then.

        Must be short, must not change the state, and must copy what it keeps. Raises as `submit`.
        """
        if not self.ready.is_set():
            raise self._not_leading()
        if len(self._views) >= self._terms.queue_commands_max:
            raise Overloaded(f"{self._chain.stream}: {len(self._views)} reads wait already")
        future: asyncio.Future[View] = asyncio.get_running_loop().create_future()
        self._views.append((view, future))
        self._work.set()
        return future

    @property
    def state(self) -> State:
        """The committed state. Raises FailedPrecondition while a frame is in flight: use `read`."""
        if self._in_flight is not None:
            raise FailedPrecondition("a frame is in flight; read the state with `read`")
        return self._folded.state

    @property
    def latest(self) -> State:
        """The state with what is in flight: for hints, never for an answer."""
        return self._folded.state

    @property
    def cursor(self) -> Cursor:
        """The last frame whose events are in the committed state."""
        return self._chain.cursor

    @property
    def leader(self) -> str:
        """The address of another that leads, as the lease says; "" where none is known to."""
        return "" if self._terms.lease is None else self._terms.lease.leader

    async def caught_up(self) -> None:
        """Returns once the state holds all that the log held when it was attached."""
        await self._folded.caught_up()

    @property
    def epoch(self) -> int:
        """The newest epoch in the log as far as it was read; ours while `ready` is set."""
        return self._chain.epoch

    async def run(self) -> None:
        """Catches up, leads, serves; follows again when deposed. Goes on until cancelled.

        Raises LogBroken when the log is not what was written: then nothing is answered any more.
        """
        try:
            await self._attach()
            while True:
                await self._await_turn()
                if await self._leadership.begin(partial(self._folded.catch_up, self._log)):
                    await self._serve()
                else:
                    await self._let_another_lead()
        except LogBroken as error:
            self._broken = error
            raise
        finally:
            self._retire()

    def trust_clock(self) -> None:
        """An operator records that this machine's clock is right, though the broker's differs."""
        self._clock.trust()

    async def _attach(self) -> None:
        while True:
            try:
                await self._folded.attach(self._log)
                return
            except LogUnavailable:
                await asyncio.sleep(self._terms.patience.pause_s)

    async def _await_turn(self) -> None:
        """Follows as a standby until it may try to lead."""
        lease, ours = self._terms.lease, asyncio.Event()

        async def acquire() -> None:
            if lease is not None:
                await lease.acquire()
            elif self._leadership.was_deposed:
                await asyncio.sleep(self._terms.standby_s)
            ours.set()

        acquiring = asyncio.ensure_future(acquire())
        try:
            await follow_until(self._log, self.cursor, self._folded.fold, ours)
        finally:
            acquiring.cancel()
            await asyncio.gather(acquiring, return_exceptions=True)

    async def _let_another_lead(self) -> None:
        """Gives the lease away unused, for a moment: whoever waits for it takes it."""
        if self._terms.lease is not None:
            await self._terms.lease.release()
        await asyncio.sleep(self._terms.patience.pause_s)

    async def _serve(self) -> None:
        """One frame after the other, until another leads or it is not known what landed."""
        self._tick()  # what time has caused while nobody led
        heeding = asyncio.ensure_future(self._heed_the_lease())
        try:
            while self.ready.is_set():
                await self._work.wait()
                self._work.clear()
                if self._is_contested and await self._gives_way():
                    return
                if self._views:
                    await self._show()
                now_ns = self._clock.now_ns()
                if now_ns is None:
                    await self._doubt_the_clock()
                else:
                    await self._commit(self._decide(now_ns))
        finally:
            heeding.cancel()
            self._retire()
            if self._terms.lease is not None:
                await self._terms.lease.release()

    async def _heed_the_lease(self) -> None:
        """Wakes the writer whenever another should lead, or says that it does."""
        lease = self._terms.lease
        while lease is not None:
            await lease.contested.wait()
            lease.contested.clear()
            self._is_contested = True
            self._work.set()

    async def _gives_way(self) -> bool:
        """Between two frames: true where the lease is ours to hand on, or another has written.

        One that nobody asks anything would not notice otherwise, and answer questions from the
        past.
        """
        lease = self._terms.lease
        self._is_contested = False
        assert lease is not None
        try:
            tail = await self._log.tail(self._chain.stream)
        except LogUnavailable:
            return False  # it is looked at again with the next renewal
        if not lease.is_held and tail.sequence == self._chain.sequence:
            return False
        self._leadership.step_down()
        return True

    async def _doubt_the_clock(self) -> None:
        """Decides nothing by a clock that the broker's contradicts; all that wait hear of it."""
        try:
            await self._leadership.ask_for_the_time()
            self._work.set()
        except LogUnavailable as error:
            _log.error("%s: nothing is decided: %s", self._chain.stream, error.message)
            self._refuse_all(error)

    def _decide(self, now_ns: int) -> Batch[Answer]:
        state = self._folded.state
        if self._due_left:
            command = self._decider.due(state, now_ns)
            self._due_left = 0 if command is None else self._due_left - 1
            if command is not None:
                self._queue.appendleft(Waiting(command, None))
        batch = self._in_flight = Batch()
        decide_batch(self._decider, Work(state, self._queue, self._undo), now_ns, batch)
        if self._queue or self._due_left:
            self._work.set()  # the frame is full, or time may have caused more
        return batch

    async def _commit(self, batch: Batch[Answer]) -> None:
        """Answers the batch when its frame is durable; takes it back when it never will be."""
        error = await self._leadership.append(batch.events) if batch.events else None
        if error is None:
            self._undo.forget()
            batch.release()
        else:
            self._undo.rewind()
            batch.fail(error)
        self._in_flight = None

    def _apply(self, state: State, event_bytes: bytes, number: int) -> State:
        event = self._decider.decode(event_bytes, number)
        if event is not None:
            self._decider.evolve(state, event, _UNTRACKED)
        return state

    def _tick(self) -> None:
        self._due_left = DUE_AT_ONCE_MAX
        self._work.set()
        loop = asyncio.get_running_loop()
        self._ticking = loop.call_later(self._terms.tick_s, self._tick)

    def _linger(self) -> None:
        if self._lingering is None:
            loop = asyncio.get_running_loop()
            self._lingering = loop.call_later(self._terms.linger_s, self._linger_is_over)

    def _linger_is_over(self) -> None:
        self._lingering = None
        self._work.set()

    async def _show(self) -> None:
        """Each view is a task of its own: a defect in one is its caller's, not the writer's."""
        looks = []
        while self._views:
            view, future = self._views.popleft()
            look = asyncio.ensure_future(_look(view, self._folded.state))
            look.add_done_callback(partial(_hand_over, future))
            looks.append(look)
        await asyncio.wait(looks)

    def _retire(self) -> None:
        """Leads no more: takes back what is in flight and answers all that wait."""
        self.ready.clear()
        for timer in (self._ticking, self._lingering):
            if timer is not None:
                timer.cancel()
        self._ticking = self._lingering = None
        self._undo.rewind()
        if self._in_flight is not None:
            self._in_flight.fail(self._not_leading())
            self._in_flight = None
        self._refuse_all(self._not_leading())
        while self._views:
            refuse(self._views.popleft()[1], self._not_leading())

    def _refuse_all(self, error: BursarError) -> None:
        while self._queue:
            future = self._queue.popleft().answer
            if future is not None:
                refuse(future, error)

    def _not_leading(self) -> BursarError:
        if self._broken is not None:
            return LogBroken(self._broken.message, facts=self._broken.facts)
        return self._leadership.refusal()


async def _look(view: Callable[[State], View], state: State) -> View:
    return view(state)


def _hand_over(future: asyncio.Future[View], look: asyncio.Future[View]) -> None:
    """Gives what a view gave, or raised, to its caller."""
    error = None if look.cancelled() else look.exception()
    if look.cancelled() or future.done():
        future.cancel()
    elif error is not None:
        future.set_exception(error)
    else:
        future.set_result(look.result())


_UNTRACKED = Untracked()
