"""How a task can fail that no single call can. Each has a reason that programs read."""

from __future__ import annotations

from bursar.errors import FailedPrecondition, InvalidRequest
from bursar_executor.tasks.halt import Cause


class InputLost(FailedPrecondition):
    """What the task was submitted with is no longer in the blob store."""

    reason = "INPUT_LOST"


class Interrupted(FailedPrecondition):
    """Its process was told to end while a model worked for it; what that took is settled."""

    reason = "INTERRUPTED"


class Cancelled(FailedPrecondition):
    """Its caller asked for its end."""

    reason = "CANCELLED"


class AttemptsExhausted(FailedPrecondition):
    """Every process that worked on it has ended without ending it."""

    reason = "ATTEMPTS_EXHAUSTED"


class ResultTooLarge(InvalidRequest):
    """What came of it does not fit an answer."""

    reason = "RESULT_TOO_LARGE"


def ended_by(cause: Cause) -> FailedPrecondition:
    """The failure that a halt makes of a task."""
    return _BY_CAUSE[cause](cause.value)


_BY_CAUSE: dict[Cause, type[FailedPrecondition]] = {
    Cause.CANCELLED: Cancelled,
    Cause.INTERRUPTED: Interrupted,
    Cause.INPUT_LOST: InputLost,
}
