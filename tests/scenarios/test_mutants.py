"""Each test of a fault catches the mutant that it is there for: with it, the test fails."""

import asyncio
import inspect
import runpy
from pathlib import Path

import pytest
from msgspec.structs import replace

from bursar.errors import BursarError
from bursar.eventlog import certain
from bursar.eventlog.certain import Outcome, Verdict
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.tentative import Undo
from bursar_quota.domain import expiry

TESTS = Path(__file__).parents[1]
CAUGHT_WITHIN_S = 5.0

appended = MemoryLog.append
expired = expiry._expired


def fence_off(patch):
    async def append(self, stream, frame, expected_sequence, timeout_s):
        return await appended(self, stream, frame, None, timeout_s)

    patch.setattr(MemoryLog, "append", append)


def tentative_state_kept(patch):
    patch.setattr(Undo, "rewind", lambda self, mark=0: self._changes.clear())


def barrier_off(patch):
    async def settle(log, attempt, patience, deadline_s):
        return Outcome(Verdict.NEVER_LANDED, None)

    patch.setattr(certain, "_settle", settle)


def expiry_frees_dispatched_holds(patch):
    def freed(*arguments):
        return replace(expired(*arguments), charged=None)

    patch.setattr(expiry, "_expired", freed)


FAULTS = "bursar/eventlog/test_decided_faults.py"
EXPIRY = "bursar_quota/test_expiry.py"
CAUGHT_BY = [
    (fence_off, FAULTS, "test_an_old_leaders_frames_never_land_behind_a_new_ones_epoch"),
    (fence_off, FAULTS, "test_a_late_frame_cannot_land_behind_its_barrier"),
    (tentative_state_kept, FAULTS, "test_two_hundred_takes_of_a_refused_append_leave_no_trace"),
    (
        tentative_state_kept,
        FAULTS,
        "test_undecided_serves_nothing_before_an_epoch_of_its_own_stands",
    ),
    (barrier_off, FAULTS, "test_a_lost_answer_of_a_frame_that_landed_is_found_out"),
    (barrier_off, FAULTS, "test_a_barrier_whose_own_answer_is_lost_is_found_out"),
    (expiry_frees_dispatched_holds, EXPIRY, "test_a_dispatched_hold_is_charged_in_full"),
    (expiry_frees_dispatched_holds, EXPIRY, "test_a_late_settle_replaces_the_charge"),
]


async def passes(test):
    """Whether the test does, in a time in which it does by itself."""
    try:
        async with asyncio.timeout(CAUGHT_WITHIN_S):
            found = test()
            if inspect.isawaitable(found):
                await found
    except (AssertionError, BursarError, TimeoutError, KeyError, AttributeError):
        return False
    except pytest.fail.Exception:
        return False
    return True


@pytest.mark.parametrize(
    ("mutant", "file", "test"), CAUGHT_BY, ids=[f"{m.__name__}-{t}" for m, _, t in CAUGHT_BY]
)
async def test_the_test_passes_and_with_the_mutant_it_fails(mutant, file, test, monkeypatch):
    found = runpy.run_path(str(TESTS / file))[test]
    assert await passes(found)
    mutant(monkeypatch)
    assert not await passes(found)
