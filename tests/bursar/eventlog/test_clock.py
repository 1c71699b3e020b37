"""The clock of a writer: never back, and never far ahead alone."""

import asyncio

import pytest

from bursar.eventlog.clock import ClockLeapt, WitnessedClock
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.log import Cursor
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.stream import StreamId
from toy_budget import BudgetDecider, Take, budget

S = 10**9
START_NS = 1_760_000_000 * S


class Clocks:
    """A wall clock and a monotonic one that a test sets."""

    def __init__(self):
        self.wall_ns, self.monotonic_ns = START_NS, 0
        self.witnessed = WitnessedClock(lambda: self.wall_ns, lambda: self.monotonic_ns)
        self.witnessed.witness(START_NS)

    def pass_s(self, wall_s, monotonic_s):
        self.wall_ns += wall_s * S
        self.monotonic_ns += monotonic_s * S
        return self.witnessed.now_ns()


def test_it_is_not_believed_before_it_was_witnessed():
    clock = WitnessedClock(lambda: START_NS, lambda: 0)
    assert clock.now_ns() is None
    clock.witness(START_NS)
    assert clock.now_ns() == START_NS


def test_time_that_passes_on_both_clocks_is_believed():
    clocks = Clocks()
    assert clocks.pass_s(3600, 3600) == START_NS + 3600 * S


def test_it_never_goes_back():
    clocks = Clocks()
    assert clocks.pass_s(10, 10) == START_NS + 10 * S
    assert clocks.pass_s(-100, 1) == START_NS + 10 * S
    clocks.witnessed.not_before(START_NS + 500 * S)
    assert clocks.pass_s(0, 1) == START_NS + 500 * S


@pytest.mark.parametrize("leap_s", [60, 61])
def test_a_leap_of_a_minute_is_believed_and_no_longer_one(leap_s):
    clocks = Clocks()
    assert (clocks.pass_s(leap_s + 5, 5) is None) is (leap_s == 61)


def test_a_leap_that_the_broker_has_made_too_is_believed():
    clocks = Clocks()
    assert clocks.pass_s(3600, 1) is None  # the machine slept: its monotonic clock did not see it
    clocks.witnessed.witness(START_NS + 3590 * S)
    assert clocks.pass_s(0, 0) == START_NS + 3600 * S


def test_a_leap_that_the_broker_has_not_made_is_refused_until_an_operator_trusts_it():
    clocks = Clocks()
    assert clocks.pass_s(3600, 1) is None
    with pytest.raises(ClockLeapt) as raised:
        clocks.witnessed.witness(START_NS + S)
    assert raised.value.facts == {"ahead_ns": 3599 * S}
    assert clocks.pass_s(0, 0) is None
    clocks.witnessed.trust()
    assert clocks.pass_s(0, 0) == START_NS + 3600 * S


async def test_a_writer_decides_nothing_by_a_clock_that_leapt():
    usage, offset = StreamId("usage"), [0]
    log = MemoryLog(clock=lambda: START_NS)
    await log.open(usage)
    terms = WriterTerms(clock=lambda: START_NS + offset[0], tick_s=60.0)
    writer = DecidedWriter(log, BudgetDecider(), budget(10), Cursor(usage), terms)
    running = asyncio.ensure_future(writer.run())
    await writer.ready.wait()
    assert (await writer.submit(Take("before", 1))).left == 9
    offset[0] = 3600 * S
    with pytest.raises(ClockLeapt):
        await writer.submit(Take("leapt", 1))
    offset[0] = 1 * S
    assert (await writer.submit(Take("agreed", 1))).left == 8
    offset[0] = 3600 * S
    writer.trust_clock()
    assert (await writer.submit(Take("trusted", 1))).left == 7
    times = await writer.read(lambda state: [taken.at_ns for taken in state.operations.values()])
    assert times == [START_NS, START_NS + S, START_NS + 3600 * S]
    running.cancel()
