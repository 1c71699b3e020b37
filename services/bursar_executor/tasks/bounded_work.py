"""A backend at work within the bounds of its task."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bursar.errors import BursarError, DeadlineExceeded
from bursar_executor.backends.backend import Outcome, Work
from bursar_executor.tasks.failures import ended_by
from bursar_executor.tasks.halt import Halt


async def worked(work: Work, duration_s: float, start_allowance_s: float, halt: Halt) -> Outcome:
    """What came of it, whatever ended it: its own end, an error, its time, a halt."""
    working = asyncio.ensure_future(work.done())
    try:
        with halt.ends(working):
            done, _ = await asyncio.wait((working,), timeout=duration_s + start_allowance_s)
        is_late = not done
        if is_late:
            working.cancel()
            await asyncio.wait((working,))
    finally:
        working.cancel()
    outcome = _outcome_of(working)
    why = _why_ended(duration_s, halt, is_late=is_late)
    if why is None or not (is_late or outcome.is_cut or working.cancelled()):
        return outcome
    return replace(outcome, summary=why.message, error=outcome.error or why)


def _outcome_of(working: asyncio.Future[Outcome]) -> Outcome:
    """Of work that has ended. Raises what is no BursarError: a defect."""
    if working.cancelled():
        return Outcome(summary="ended before its end")
    error = working.exception()
    if error is None:
        return working.result()
    if isinstance(error, BursarError):
        return Outcome(summary=error.message, error=error)
    raise error


def _why_ended(duration_s: float, halt: Halt, *, is_late: bool) -> BursarError | None:
    if is_late:
        return DeadlineExceeded(
            f"no result within the plan's {duration_s:g} s; say with --hint that it needs more"
        )
    return None if halt.cause is None else ended_by(halt.cause)
