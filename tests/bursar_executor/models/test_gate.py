"""So many calls pass at once, and none while the backend fails again and again."""

import asyncio

import pytest

from bursar.errors import BackendUnavailable, NotFound, Overloaded
from bursar_executor.models import gate as gates
from bursar_executor.models.gate import Gate, GateTerms


async def passed(gate, *, has_failed=False):
    async with gate.passing() as passage:
        passage.has_failed = has_failed


async def test_one_more_than_may_pass_waits_for_room():
    gate = Gate("x", GateTerms(calls_at_once_max=1))
    async with gate.passing():
        waiting = asyncio.ensure_future(passed(gate))
        await asyncio.sleep(0)
        assert not waiting.done()

    await waiting


async def test_it_shuts_after_failures_in_a_row_and_opens_for_a_try_after_a_while():
    gate = Gate("x", GateTerms(failures_max=2, shut_s=0.02))
    for _ in range(2):
        await passed(gate, has_failed=True)

    with pytest.raises(BackendUnavailable, match="failed 2 times in a row"):
        await passed(gate)

    async with asyncio.timeout(10):
        while True:
            try:
                await passed(gate)
                break
            except BackendUnavailable:
                await asyncio.sleep(0.005)
    await passed(gate)


async def test_a_success_between_failures_keeps_it_open():
    gate = Gate("x", GateTerms(failures_max=2))
    for has_failed in (True, False, True):
        await passed(gate, has_failed=has_failed)

    await passed(gate)


async def test_a_caller_who_leaves_and_an_error_of_ours_are_no_failures():
    gate = Gate("x", GateTerms(failures_max=1))
    with pytest.raises(NotFound):
        async with gate.passing():
            raise NotFound("no endpoint")
    with pytest.raises(asyncio.CancelledError):
        async with gate.passing():
            raise asyncio.CancelledError

    await passed(gate)


async def test_who_is_refused_leaves_room_for_others():
    gate = Gate("x", GateTerms(calls_at_once_max=1, failures_max=1, shut_s=60))
    await passed(gate, has_failed=True)

    for _ in range(3):
        with pytest.raises(BackendUnavailable):
            await passed(gate)


async def test_more_than_may_wait_are_turned_away(monkeypatch):
    monkeypatch.setattr(gates, "WAITING_MAX", 0)

    with pytest.raises(Overloaded):
        await passed(Gate("x", GateTerms()))
