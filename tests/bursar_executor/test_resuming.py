"""A task whose process was killed is taken up where the log says it stood, and never paid twice."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bursar.blobs import BlobReference
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.log import Cursor
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.wiring.process import ProcessPlan, running
from bursar_all.targets import modules
from bursar_executor.backends.backend import Outcome as WorkOutcome
from bursar_executor.decider import TasksDecider
from bursar_executor.domain import (
    Origin,
    RecordSteps,
    RequestCancel,
    StepBatch,
    Submit,
    Tasks,
)
from bursar_executor.service import STREAM
from bursar_executor.tasks import kept_outcome
from bursar_executor.tasks.recovery import ATTEMPTS_MAX
from bursar_executor.tasks.request import checked
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider
from executor_parts import (
    ANN,
    FAILED_LOG,
    WAIT_S,
    events,
    isolate,
    kinds,
    office,
    recorded_steps,
    settlements,
    step_names,
    task_request,
)
from memory_ground import memory_ground

GPT = "gpt-4o"
TARGET = ledger_pb2.Target(provider="openai", model=GPT, tier=ledger_pb2.BACKEND_TIER_PAID_API)
HELD = ledger_pb2.TokenUsage(input_tokens=40, output_tokens=125, is_estimate=True)
HELD_COST = ledger_pb2.Cost(total_nano_usd=1_350_000, is_known=True)
USED = ledger_pb2.TokenUsage(input_tokens=12, output_tokens=30)
USED_COST = ledger_pb2.Cost(total_nano_usd=330_000, is_known=True)
STARTED, DONE = executor_pb2.STEP_STATE_STARTED, executor_pb2.STEP_STATE_COMPLETED
PLAN, RESERVE = executor_pb2.STEP_NAME_PLAN, executor_pb2.STEP_NAME_RESERVE
EXECUTE, SETTLE = executor_pb2.STEP_NAME_EXECUTE, executor_pb2.STEP_NAME_SETTLE
COMPLETED, FAILED, CANCELLED = (
    executor_pb2.TASK_STATE_COMPLETED,
    executor_pb2.TASK_STATE_FAILED,
    executor_pb2.TASK_STATE_CANCELLED,
)
MODEL_TASK = task_request("Tell me what this is about", model=GPT)
LOG_TASK = task_request("why did this fail", files={"-": FAILED_LOG})
TASK_ID = "task_1"
ORIGIN = Origin(ANN.tenant_id, TASK_ID, b"t" * 16, b"s" * 8)


@pytest.fixture
async def provider(monkeypatch):
    async with SimulatedProvider(SimulatorSettings(host="127.0.0.1", port=0)) as simulated:
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        monkeypatch.setenv("OPENAI_BASE_URL", simulated.address)
        monkeypatch.setenv("BURSAR_OPENAI_MODEL", GPT)
        yield simulated


@pytest.fixture
def ground(tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path)
    return memory_ground(tmp_path)


@dataclass
class Killed:
    """What a process had done for the task when it was killed, order by order."""

    ground: object
    quota: object
    writer: object
    reservation_id: str = ""
    attempt: int = 1
    number: int = field(default=0)

    async def submitted(self, request):
        task = checked(request)
        reference = await self.ground.blobs.put(ANN.tenant_id, task.encoded)
        body = tasks_pb2.TaskSubmitted(
            operation_id="op",
            task_id=TASK_ID,
            attribution=task.attribution,
            request_reference=str(reference),
        ).SerializeToString()
        await self.writer.submit(Submit(ORIGIN, "op", b"", body))

    async def step(self, name, state=DONE, **fields):
        self.number += 1
        step_number = (self.attempt - 1) * 100 + self.number
        step = tasks_pb2.StepRecord(
            step_number=step_number, name=name, state=state, attempt=self.attempt, **fields
        )
        batch = tasks_pb2.StepsRecorded(task_id=TASK_ID, steps=[step])
        body = batch.SerializeToString()
        await self.writer.submit(RecordSteps(ORIGIN, StepBatch(step_number, body)))

    async def reserved(self):
        attribution = ledger_pb2.Attribution(
            tenant_id=ANN.tenant_id, user_id=ANN.user_id, task_id=TASK_ID
        )
        answer = await self.quota.reserve(
            quota_pb2.ReserveRequest(
                operation_id=f"{TASK_ID}/{self.attempt}/reserve",
                attribution=attribution,
                target=TARGET,
                amounts=ledger_pb2.Amounts(
                    requests=1,
                    input_tokens=HELD.input_tokens,
                    output_tokens=HELD.output_tokens,
                    cost_nano_usd=HELD_COST.total_nano_usd,
                ),
            )
        )
        self.reservation_id = answer.reservation_id
        await self.step(RESERVE, reservation_id=self.reservation_id, usage=HELD, cost=HELD_COST)

    async def begun(self):
        await self.step(
            EXECUTE, STARTED, backend_id=f"openai/{GPT}", reservation_id=self.reservation_id
        )

    async def dispatched(self):
        await self.quota.dispatch(
            quota_pb2.DispatchRequest(operation_id="d", reservation_id=self.reservation_id)
        )

    async def answered(self):
        outcome = WorkOutcome("written", text="what it said", usage=USED)
        content = kept_outcome.encoded(outcome)
        reference = await self.ground.blobs.put(ANN.tenant_id, content)
        await self.step(
            EXECUTE,
            backend_id=f"openai/{GPT}",
            reservation_id=self.reservation_id,
            usage=USED,
            cost=USED_COST,
            detail_reference=str(reference),
        )

    async def settled(self, *, is_recorded=True):
        await self.quota.settle(
            quota_pb2.SettleRequest(
                operation_id=f"{TASK_ID}/{self.attempt}/settle",
                reservation_id=self.reservation_id,
                usage=USED,
                cost=USED_COST,
                outcome=quota_pb2.OUTCOME_COMPLETED,
            )
        )
        if is_recorded:
            await self.step(SETTLE, reservation_id=self.reservation_id, usage=USED, cost=USED_COST)


@asynccontextmanager
async def killed(ground, request):
    """A process that does what the block says, and is gone after it without a word."""
    async with running(ProcessPlan(modules(("quota",))), ground) as process:
        await ground.log.open(STREAM)
        writer = DecidedWriter(
            ground.log, TasksDecider(), Tasks(), Cursor(STREAM), WriterTerms(ground.clock)
        )
        run = asyncio.ensure_future(writer.run())
        await writer.ready.wait()
        before = Killed(ground, process.peers.client("quota"), writer)
        await before.submitted(request)
        try:
            yield before
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)


async def resumed(ground):
    """What watchers see, and what the limits hold, once another process has ended the task."""
    async with office(ground) as here:
        limit = quota_pb2.Limit(
            selector=quota_pb2.Selector(tenant_id=ANN.tenant_id),
            meter=quota_pb2.METER_COST_NANO_USD,
            window=quota_pb2.WINDOW_DAY,
            amount=10**12,
        )
        updates = await here.watched(TASK_ID)
        await here.quota.put_limit(quota_pb2.PutLimitRequest(limit=limit, author="ann"))
        usage = await here.quota.usage(quota_pb2.UsageRequest(attribution=ANN))
        assert [level.held for level in usage.levels] == [0]
        spent_nano_usd = usage.levels[0].settled
    assert (await kinds(ground.log, "tasks")).count("task.ended") == 1
    result = updates[-1].result
    assert result.cost.total_nano_usd == spent_nano_usd
    return updates


async def test_a_task_that_was_only_submitted_is_done(ground):
    async with killed(ground, LOG_TASK):
        pass

    updates = await resumed(ground)

    assert updates[-1].result.state == COMPLETED
    assert updates[-1].result.trace_id == (b"t" * 16).hex()


async def test_a_tool_that_was_at_work_is_let_loose_again(ground):
    async with killed(ground, LOG_TASK) as before:
        await before.step(PLAN)
        await before.reserved()
        await before.step(EXECUTE, STARTED, backend_id="parser/test-log")

    updates = await resumed(ground)

    assert updates[-1].result.state == COMPLETED
    assert "usage.released" in await kinds(ground.log, "usage")
    numbers = [update.step.step_number for update in updates[:-1]]
    assert numbers == sorted(numbers)
    assert numbers[:4] == [1, 2, 3, 101]
    assert {step.attempt for step in await recorded_steps(ground.log)} == {1, 2}


@pytest.mark.parametrize("is_begun", [False, True])
async def test_a_model_that_was_never_sent_anything_is_asked_by_the_next_owner(
    ground, provider, is_begun
):
    async with killed(ground, MODEL_TASK) as before:
        await before.reserved()
        if is_begun:
            await before.begun()

    updates = await resumed(ground)

    assert updates[-1].result.state == COMPLETED
    assert len(provider.served.calls) == 1
    assert (await kinds(ground.log, "usage"))[:3] == [
        "usage.reserved",
        "usage.released",
        "usage.reserved",
    ]


async def test_a_hold_that_was_dispatched_before_the_log_knew_of_the_call_is_settled_at_nothing(
    ground, provider
):
    async with killed(ground, MODEL_TASK) as before:
        await before.reserved()
        await before.dispatched()

    updates = await resumed(ground)

    assert updates[-1].result.state == COMPLETED
    assert len(provider.served.calls) == 1
    nothing, paid = await settlements(ground.log)
    assert nothing.cost.total_nano_usd == 0
    assert paid.cost.total_nano_usd > 0


async def test_a_call_that_may_have_been_sent_is_charged_in_full_and_never_repeated(
    ground, provider
):
    async with killed(ground, MODEL_TASK) as before:
        await before.reserved()
        await before.begun()
        await before.dispatched()

    updates = await resumed(ground)

    result = updates[-1].result
    assert (result.state, result.error_reason) == (FAILED, "OUTCOME_UNKNOWN")
    assert "full hold" in result.summary
    assert not provider.served.calls
    (settled,) = await settlements(ground.log)
    assert settled.outcome == quota_pb2.OUTCOME_UNKNOWN
    assert settled.source == quota_pb2.USAGE_SOURCE_HOLD
    assert (settled.usage, settled.cost.total_nano_usd) == (HELD, HELD_COST.total_nano_usd)
    assert result.usage == HELD


async def killed_in_doubt(ground, request):
    async with killed(ground, request) as before:
        await before.reserved()
        await before.begun()
        await before.dispatched()


async def test_where_the_policy_says_so_a_call_in_doubt_is_charged_and_made_again(ground, provider):
    request = task_request(MODEL_TASK.task.description, model=GPT, complexity_hint=1.0)
    request.unknown_outcome_policy = executor_pb2.UNKNOWN_OUTCOME_POLICY_RETRY
    await killed_in_doubt(ground, request)

    updates = await resumed(ground)

    result = updates[-1].result
    assert result.state == COMPLETED
    assert len(provider.served.calls) == 1
    unknown, paid = await settlements(ground.log)
    assert (unknown.outcome, unknown.usage) == (quota_pb2.OUTCOME_UNKNOWN, HELD)
    assert result.cost.total_nano_usd == unknown.cost.total_nano_usd + paid.cost.total_nano_usd


async def test_a_call_in_doubt_is_not_made_again_beyond_the_plans_budget(ground, provider):
    request = task_request(MODEL_TASK.task.description, model=GPT)
    request.unknown_outcome_policy = executor_pb2.UNKNOWN_OUTCOME_POLICY_RETRY
    await killed_in_doubt(ground, request)

    updates = await resumed(ground)

    result = updates[-1].result
    assert (result.state, result.error_reason) == (FAILED, "BUDGET_EXHAUSTED")
    assert not provider.served.calls
    assert result.usage == HELD


@pytest.mark.parametrize("how_far", ["answered", "settled unrecorded", "settled"])
async def test_an_answer_that_was_paid_for_is_used_and_not_paid_for_again(
    ground, provider, how_far
):
    async with killed(ground, MODEL_TASK) as before:
        await before.reserved()
        await before.begun()
        await before.dispatched()
        await before.answered()
        if how_far != "answered":
            await before.settled(is_recorded=how_far == "settled")

    updates = await resumed(ground)

    result = updates[-1].result
    assert (result.state, result.text) == (COMPLETED, "what it said")
    assert not provider.served.calls
    assert len(await settlements(ground.log)) == 1
    assert (result.usage, result.cost.total_nano_usd) == (USED, USED_COST.total_nano_usd)
    assert "reserve skipped" in step_names(updates)


async def test_a_cancellation_that_was_asked_for_holds_after_the_restart(ground, provider):
    async with killed(ground, MODEL_TASK) as before:
        await before.reserved()
        await before.writer.submit(RequestCancel(ORIGIN))

    updates = await resumed(ground)

    assert updates[-1].result.state == CANCELLED
    assert not provider.served.calls
    assert "usage.released" in await kinds(ground.log, "usage")


async def test_a_task_whose_input_is_gone_fails_as_lost_and_is_settled(ground, provider):
    async with killed(ground, MODEL_TASK) as before:
        await before.reserved()
    reference = BlobReference.parse(
        tasks_pb2.TaskSubmitted.FromString(
            (await events(ground.log, "tasks"))[0].payload
        ).request_reference
    )
    await ground.blobs.delete(ANN.tenant_id, reference)

    updates = await resumed(ground)

    result = updates[-1].result
    assert (result.state, result.error_reason) == (FAILED, "INPUT_LOST")
    assert "usage.released" in await kinds(ground.log, "usage")


async def test_a_task_that_ends_every_process_is_given_up(ground):
    async with killed(ground, LOG_TASK) as before:
        for attempt in range(1, ATTEMPTS_MAX + 1):
            before.attempt, before.number = attempt, 0
            await before.step(PLAN)

    updates = await resumed(ground)

    assert updates[-1].result.error_reason == "ATTEMPTS_EXHAUSTED"


async def test_a_recovery_that_was_cut_itself_ends_the_same_way(ground, provider):
    async with killed(ground, MODEL_TASK) as before:
        await before.reserved()
        await before.begun()
        await before.dispatched()
        # As a second process would have settled it, before its step was in the log.
        await before.quota.settle(
            quota_pb2.SettleRequest(
                operation_id=f"{TASK_ID}/1/recover",
                reservation_id=before.reservation_id,
                usage=HELD,
                cost=HELD_COST,
                outcome=quota_pb2.OUTCOME_UNKNOWN,
                source=quota_pb2.USAGE_SOURCE_HOLD,
            )
        )

    updates = await resumed(ground)

    assert updates[-1].result.error_reason == "OUTCOME_UNKNOWN"
    assert len(await settlements(ground.log)) == 1


async def test_a_process_that_is_told_to_end_settles_a_call_by_what_was_streamed(ground, provider):
    told = f"{MODEL_TASK.task.description} [simulate: tokens=100; chunk_s=0.02]"
    async with office(ground) as here:
        task_id = await here.submitted(told, model=GPT)
        async with asyncio.timeout(WAIT_S):
            await provider.until(lambda: provider.calls_in_flight == 1)
        watching = asyncio.ensure_future(here.watched(task_id))
        draining = asyncio.ensure_future(here.service.drain())
        await asyncio.sleep(0)
        draining.cancel()  # as when its time is up
        await asyncio.wait([draining])
        result = (await watching)[-1].result

    assert (result.state, result.error_reason) == (FAILED, "INTERRUPTED")
    (settled,) = await settlements(ground.log)
    assert settled.outcome in (quota_pb2.OUTCOME_CUT, quota_pb2.OUTCOME_UNKNOWN)
    assert result.cost == settled.cost
    async with office(ground) as after:
        assert (await after.watched(task_id))[-1].result == result


async def test_what_waits_when_a_process_is_told_to_end_is_done_by_the_next(
    ground, provider, monkeypatch
):
    monkeypatch.setenv("BURSAR_EXECUTOR_TASKS_AT_ONCE_MAX", "1")
    async with office(ground) as here:
        await here.submitted("Tell me [simulate: never]", model=GPT)
        async with asyncio.timeout(WAIT_S):
            await provider.until(lambda: provider.calls_in_flight == 1)
        waiting = await here.submitted("why did this fail", files={"-": FAILED_LOG})
        draining = asyncio.ensure_future(here.service.drain())
        await asyncio.sleep(0)
        draining.cancel()
        await asyncio.wait([draining])
        assert all(not update.HasField("result") for update in await here.watched(waiting))

    async with office(ground) as after:
        assert (await after.watched(waiting))[-1].result.state == COMPLETED
