"""Steps go to watchers at once and into the log in the end, whatever the log does meanwhile."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bursar.errors import LogUnavailable
from bursar.eventlog.certain import Patience
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.log import Cursor
from bursar.eventlog.memory import MemoryLog
from bursar.executor.v1 import executor_pb2
from bursar_executor.decider import TasksDecider
from bursar_executor.domain import Origin, Submit, Tasks
from bursar_executor.feed import Feed
from bursar_executor.service import STREAM
from bursar_executor.tasks.earlier import Earlier
from bursar_executor.tasks.recorder import NUMBERS_PER_ATTEMPT, Chronicle, Recorder
from bursar_executor.tasks.step_log import BATCH_STEPS_MAX
from executor_parts import WAIT_S, events, happened, kinds, recorded_steps
from faulty_log import Fault, FaultyLog

ORIGIN = Origin("acme", "task_1")
PLAN, EXECUTE = executor_pb2.STEP_NAME_PLAN, executor_pb2.STEP_NAME_EXECUTE
REPORT = executor_pb2.STEP_NAME_REPORT
STARTED, COMPLETED = executor_pb2.STEP_STATE_STARTED, executor_pb2.STEP_STATE_COMPLETED
RESULT = executor_pb2.TaskResult(task_id="task_1", state=executor_pb2.TASK_STATE_COMPLETED)
BRIEF = Patience(answer_s=1.0, pause_s=0.001, certainty_s=0.02)


@asynccontextmanager
async def writing(log):
    """The leader of the `tasks` stream, with one task submitted."""
    await log.open(STREAM)
    terms = WriterTerms(patience=BRIEF, standby_s=0.01)
    writer = DecidedWriter(log, TasksDecider(), Tasks(), Cursor(STREAM), terms)
    run = asyncio.ensure_future(writer.run())
    await writer.ready.wait()
    await writer.submit(Submit(ORIGIN, "op", b"", b""))
    try:
        yield writer
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


def recorder_of(writer, attempt=1, clock=lambda: 0):
    feed = Feed()
    return Recorder(Chronicle(ORIGIN, attempt, feed, writer.submit, clock)), feed


async def test_watchers_see_a_step_before_the_log_has_it():
    log = MemoryLog()
    async with writing(log) as writer:
        recorder, feed = recorder_of(writer)
        recorder.done(PLAN, "simple")

        assert [step.summary for step in feed.steps] == ["simple"]
        assert await kinds(log, "tasks") == ["task.submitted"]

        await recorder.durable()
        assert await kinds(log, "tasks") == ["task.submitted", "task.steps_recorded"]


async def test_a_step_is_in_the_log_before_and_after_and_several_share_an_event():
    log = MemoryLog()
    async with writing(log) as writer:
        recorder, feed = recorder_of(writer)
        recorder.began(PLAN, "")
        recorder.done(PLAN, "")
        recorder.began(EXECUTE, "")
        await recorder.durable()

    assert len(feed.steps) == 3
    assert [(step.name, step.state) for step in await recorded_steps(log)] == [
        (PLAN, STARTED),
        (PLAN, COMPLETED),
        (EXECUTE, STARTED),
    ]
    assert await kinds(log, "tasks") == ["task.submitted", "task.steps_recorded"]


async def test_a_long_step_is_in_the_log_though_nobody_waits_for_it():
    log = MemoryLog()
    async with writing(log) as writer:
        recorder, _ = recorder_of(writer)
        recorder.began(EXECUTE, "")
        await happened(log, "tasks", "task.steps_recorded")


async def test_more_steps_than_an_event_takes_go_into_several():
    log = MemoryLog()
    async with writing(log) as writer:
        recorder, _ = recorder_of(writer)
        for _ in range(BATCH_STEPS_MAX + 1):
            recorder.done(PLAN, "")
        await recorder.durable()

    assert (await kinds(log, "tasks")).count("task.steps_recorded") == 2
    numbers = [step.step_number for step in await recorded_steps(log)]
    assert numbers == list(range(1, BATCH_STEPS_MAX + 2))


async def test_what_the_log_did_not_take_is_offered_again_to_who_waits():
    log = FaultyLog()
    async with writing(log) as writer:
        recorder, _ = recorder_of(writer)
        log.faults = [Fault.NO_LEADER] * 200
        recorder.done(PLAN, "")
        with pytest.raises(LogUnavailable):
            await recorder.durable()
        log.faults = []
        async with asyncio.timeout(WAIT_S):
            await writer.ready.wait()
        await recorder.durable()

    assert [step.name for step in await recorded_steps(log)] == [PLAN]


async def test_the_words_of_a_step_are_not_in_the_log():
    log = MemoryLog()
    async with writing(log) as writer:
        recorder, _ = recorder_of(writer)
        recorder.done(PLAN, "what Ann wants")
        await recorder.end(RESULT, "blob_0", 99)

    assert all(b"Ann" not in event.payload for event in await events(log, "tasks"))


async def test_a_step_lasts_from_its_beginning_to_its_end():
    async with writing(MemoryLog()) as writer:
        times = iter((100, 100, 130))
        recorder, feed = recorder_of(writer, clock=lambda: next(times))
        recorder.began(PLAN, "")
        recorder.done(PLAN, "")

    assert [step.duration_ns for step in feed.steps] == [0, 30]


async def test_the_end_brings_along_what_the_log_did_not_take():
    log = FaultyLog()
    async with writing(log) as writer:
        recorder, feed = recorder_of(writer)
        log.faults = [Fault.NO_LEADER] * 200
        recorder.done(PLAN, "")
        with pytest.raises(LogUnavailable):
            await recorder.durable()
        log.faults = []
        recorder.done(REPORT, "")
        await recorder.end(RESULT, "blob_0", 99)

    assert {step.name for step in await recorded_steps(log)} == {PLAN, REPORT}
    assert (await kinds(log, "tasks"))[-1] == "task.ended"
    assert feed.result is RESULT


async def test_an_end_that_failed_may_be_tried_again():
    log = FaultyLog()
    async with writing(log) as writer:
        recorder, feed = recorder_of(writer)
        recorder.done(REPORT, "")
        log.faults = [Fault.NO_LEADER] * 200
        with pytest.raises(LogUnavailable):
            await recorder.end(RESULT, "blob_0", 99)
        assert feed.result is None
        log.faults = []

        await recorder.end(RESULT, "blob_0", 99)
        await recorder.end(RESULT, "blob_0", 99)

    assert await kinds(log, "tasks") == ["task.submitted", "task.steps_recorded", "task.ended"]


async def test_a_step_while_nobody_leads_waits_for_the_end_of_its_task():
    log = MemoryLog()
    async with writing(log) as writer:
        recorder, feed = recorder_of(writer)
        writer.ready.clear()
        recorder.done(PLAN, "")
        writer.ready.set()
        await recorder.end(RESULT, "blob_0", 99)

    assert len(feed.steps) == len(await recorded_steps(log)) == 1


async def test_a_later_owner_goes_on_at_the_next_hundred():
    log = MemoryLog()
    async with writing(log) as writer:
        first, _ = recorder_of(writer)
        first.done(PLAN, "")
        await first.durable()
        second, feed = recorder_of(writer, attempt=2)
        second.done(PLAN, "")
        await second.durable()

    assert [step.step_number for step in feed.steps] == [NUMBERS_PER_ATTEMPT + 1]
    recorded = await recorded_steps(log)
    assert [(step.step_number, step.attempt) for step in recorded] == [(1, 1), (101, 2)]
    assert Earlier(tuple(recorded)).attempts == 2
