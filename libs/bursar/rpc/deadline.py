"""The deadline of the work at hand. It only ever shrinks on the way down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from bursar.errors import DeadlineExceeded

# A longer wait ends by a look at all that wait, so often: a timer each costs more than most calls.
PRECISE_S_MAX = 1.0
LOOK_S = 0.1

Answer = TypeVar("Answer")
Method = TypeVar("Method", bound=Callable[..., object])

_MARK = "__never_waits__"
_monotonic_deadline_s: ContextVar[float | None] = ContextVar("bursar_deadline_s", default=None)


def remaining_s(default_s: float) -> float:
    """Seconds left for a call that by itself may take `default_s`; raises DeadlineExceeded at
    zero.
    """
    deadline = _monotonic_deadline_s.get()
    if deadline is None:
        return default_s
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded("the deadline passed before the call was made")
    return min(default_s, left)


def never_waits(method: Method) -> Method:
    """Marks a coroutine method that ends without being suspended: no deadline could cut it."""
    setattr(method, _MARK, True)
    return method


def is_waiting(method: Callable[..., object]) -> bool:
    """Whether a deadline can make a difference to it."""
    return not hasattr(method, _MARK)


def bounded(answer: asyncio.Future[Answer], timeout_s: float) -> asyncio.Future[Answer]:
    """The same future: it fails with DeadlineExceeded when `timeout_s`, or what is left of the
    deadline it is asked under, is up, or up to 0.1 s later.

    For an answer that one future brings: no task is cancelled, so it costs less than `within`.
    """
    bound_s = remaining_s(timeout_s)
    loop = answer.get_loop()
    _Watch.of(loop).add_answer(_Unanswered(time.monotonic() + bound_s, bound_s, answer))
    return answer


# A class, not a generator: each call passes one, and a generator's machinery doubles its cost.
class within:
    """Bounds the block to `timeout_s`, or to what is left of the deadline it runs under.

    Raises DeadlineExceeded when the time is up; what the block awaits is cancelled, as by
    `asyncio.timeout`. A bound above 1 s may be overrun by 0.1 s.
    """

    __slots__ = ("_bound_s", "_cancels_before", "_end", "_is_up", "_task", "_token", "ends_at_s")

    def __init__(self, timeout_s: float) -> None:
        self._bound_s = timeout_s
        self._is_up = False

    def __enter__(self) -> None:
        self._bound_s = bound_s = remaining_s(self._bound_s)
        self.ends_at_s = time.monotonic() + bound_s
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None, "a deadline bounds what a task does"
        self._task = task
        self._cancels_before = task.cancelling()
        self._token = _monotonic_deadline_s.set(self.ends_at_s)
        self._end = _Watch.of(loop) if bound_s > PRECISE_S_MAX else _Timer(loop, bound_s, self)
        self._end.add(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _monotonic_deadline_s.reset(self._token)
        self._end.discard(self)
        is_own_cancel = self._is_up and self._task.uncancel() <= self._cancels_before
        if (is_own_cancel and kind is asyncio.CancelledError) or isinstance(error, TimeoutError):
            raise _late(self._bound_s) from error

    def time_is_up(self) -> None:
        """Cancels what the block awaits."""
        self._is_up = True
        self._task.cancel()


# A tuple, not a dataclass: one is made for every call.
class _Unanswered(NamedTuple):
    """A future and its end. Nobody tells when it is done: it is seen at the next look."""

    ends_at_s: float
    bound_s: float
    answer: asyncio.Future[Any]  # Any: whatever is waited for


class _Timer:
    """The end of one short bound, to the millisecond."""

    __slots__ = ("_handle",)

    def __init__(self, loop: asyncio.AbstractEventLoop, bound_s: float, bound: within) -> None:
        self._handle = loop.call_later(bound_s, bound.time_is_up)

    def add(self, bound: within) -> None:
        """It was made for it."""

    def discard(self, bound: within) -> None:
        self._handle.cancel()


class _Watch:
    """The ends of all long bounds of one event loop."""

    __slots__ = ("_answers", "_bounds", "_is_looking", "_loop")

    newest: _Watch | None = None
    """The one that was asked for last: of a process' one loop, nearly always."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._bounds: set[within] = set()
        self._answers: list[_Unanswered] = []
        self._is_looking = False

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> _Watch:
        watch = cls.newest
        if watch is None or watch._loop is not loop:
            watch = cls.newest = cls(loop)
        return watch

    def add(self, bound: within) -> None:
        self._bounds.add(bound)
        self._look_later()

    def add_answer(self, waited: _Unanswered) -> None:
        self._answers.append(waited)
        self._look_later()

    def discard(self, bound: within) -> None:
        self._bounds.discard(bound)

    def _look_later(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            self._loop.call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self._is_looking = False
        now_s = time.monotonic()
        for bound in [each for each in self._bounds if each.ends_at_s <= now_s]:
            self._bounds.discard(bound)
            bound.time_is_up()
        self._answers = waited = [each for each in self._answers if not each.answer.done()]
        for late in [each for each in waited if each.ends_at_s <= now_s]:
            late.answer.set_exception(_late(late.bound_s))
        if self._bounds or waited:
            self._look_later()


def _late(bound_s: float) -> DeadlineExceeded:
    return DeadlineExceeded(f"no answer within {bound_s:.3f} s")
