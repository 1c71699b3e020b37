"""A backend works within its time, and whatever ends it, what came of it is told."""

import asyncio

import pytest

from bursar.errors import BackendUnavailable, DeadlineExceeded
from bursar.ledger.v1 import ledger_pb2
from bursar_executor.backends.backend import Outcome
from bursar_executor.backends.free_work import FREE
from bursar_executor.tasks.bounded_work import worked
from bursar_executor.tasks.failures import Cancelled, Interrupted
from bursar_executor.tasks.halt import Cause, Halt, Halted

ENOUGH_S = 30.0


class Tool:
    """Ends by itself, or not; when it is cancelled nothing comes of it."""

    hold = FREE

    def __init__(self, does):
        self.is_at_work = asyncio.Event()
        self._does = does

    async def done(self):
        self.is_at_work.set()
        return await self._does()


class Model(Tool):
    """When it is cancelled it tells what came until then."""

    async def done(self):
        try:
            return await super().done()
        except asyncio.CancelledError:
            usage = ledger_pb2.TokenUsage(input_tokens=3, output_tokens=2)
            return Outcome("cut", text="begun", usage=usage, is_cut=True)


async def nothing():
    return Outcome("done")


async def for_ever():
    await asyncio.Event().wait()


async def test_work_that_ends_by_itself_is_told_as_it_ended():
    assert (await worked(Tool(nothing), ENOUGH_S, 0, Halt())).summary == "done"


async def test_an_error_is_an_outcome():
    async def fails():
        raise BackendUnavailable("gone")

    outcome = await worked(Tool(fails), ENOUGH_S, 0, Halt())

    assert (outcome.summary, outcome.error.reason) == ("gone", "BACKEND_UNAVAILABLE")


async def test_a_defect_is_raised():
    async def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await worked(Tool(broken), ENOUGH_S, 0, Halt())


async def test_a_tool_is_ended_at_its_time_with_the_remedy():
    outcome = await worked(Tool(for_ever), 0.01, 0, Halt())

    assert isinstance(outcome.error, DeadlineExceeded)
    assert "--hint" in outcome.summary
    assert not outcome.is_usage_unknown


async def test_a_models_time_leaves_what_came_until_then():
    outcome = await worked(Model(for_ever), 0.01, 0, Halt())

    assert isinstance(outcome.error, DeadlineExceeded)
    assert (outcome.text, outcome.usage.output_tokens, outcome.is_cut) == ("begun", 2, True)


async def test_starting_it_has_a_time_of_its_own():
    async def slow():
        await asyncio.sleep(0.05)
        return Outcome("done")

    assert (await worked(Tool(slow), 0.001, ENOUGH_S, Halt())).error is None


@pytest.mark.parametrize(
    ("cause", "error"), [(Cause.CANCELLED, Cancelled), (Cause.INTERRUPTED, Interrupted)]
)
@pytest.mark.parametrize("kind", [Tool, Model])
async def test_a_halt_ends_work_under_way(cause, error, kind):
    halt, work = Halt(), kind(for_ever)
    working = asyncio.ensure_future(worked(work, ENOUGH_S, 0, halt))
    await work.is_at_work.wait()

    halt.ask(cause)

    outcome = await working
    assert isinstance(outcome.error, error)
    assert outcome.is_cut is (kind is Model)


async def test_a_halt_after_the_work_is_done_changes_nothing_of_its_outcome():
    halt = Halt()

    async def asked_meanwhile():
        halt.cause = Cause.CANCELLED
        return Outcome("done")

    assert (await worked(Tool(asked_meanwhile), ENOUGH_S, 0, halt)).error is None


async def test_a_halt_before_the_work_begins_lets_it_not_begin():
    halt, work = Halt(), Tool(nothing)
    halt.ask(Cause.CANCELLED)

    assert isinstance((await worked(work, ENOUGH_S, 0, halt)).error, Cancelled)
    assert not work.is_at_work.is_set()


def test_the_first_who_asks_for_a_halt_says_why():
    halt = Halt()
    halt.check()
    halt.ask(Cause.CANCELLED)
    halt.ask(Cause.INTERRUPTED)

    with pytest.raises(Halted) as halted:
        halt.check()
    assert halted.value.cause is Cause.CANCELLED
