"""A cheap model first, a stronger one where checks refuse it: through all services."""

import asyncio

import pytest

from bursar.errors import BursarError
from bursar.executor.v1 import executor_pb2
from bursar.planner.v1 import planner_pb2
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider
from executor_parts import ANN, WAIT_S, isolate, kinds, office, settlements
from memory_ground import memory_ground

CHEAP, STRONG = "gpt-4o-mini", "claude-opus-4-5"
NEED = "code_generation"
OUTCOMES = 80


@pytest.fixture
async def provider(monkeypatch, tmp_path):
    isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("BURSAR_PLANNER_POLICY", "learned-v1")
    monkeypatch.setenv("BURSAR_PLANNER_QUALITY_TARGET", "0.6")
    async with SimulatedProvider(SimulatorSettings(host="127.0.0.1", port=0)) as simulated:
        for name in ("ANTHROPIC", "OPENAI"):
            monkeypatch.setenv(f"{name}_API_KEY", "k")
            monkeypatch.setenv(f"{name}_BASE_URL", simulated.address)
        monkeypatch.setenv("BURSAR_OPENAI_MODEL", CHEAP)
        monkeypatch.setenv("BURSAR_ANTHROPIC_MODEL", STRONG)
        yield simulated


async def taught(here):
    """A planner that knows: the cheap one is right in half of the cases, the strong one always, and
    a validator tells.
    """
    planner = here.process.peers.client("planner")
    offered = (await here.executor.backends(executor_pb2.BackendsRequest())).backends
    models = {found.target.model: found for found in offered if found.target.model}
    chosen = [models[CHEAP], models[STRONG]]
    for backend in chosen:
        backend.capabilities[:] = [NEED]
    for number in range(OUTCOMES):
        task = planner_pb2.Task(description=f"write {number}", required_capabilities=[NEED])
        request = planner_pb2.PlanRequest(attribution=ANN, task=task, backends=chosen)
        plan = (await planner.plan(request)).plan
        for backend, quality in zip(chosen, (number % 2, 1.0), strict=True):
            feedback = planner_pb2.FeedbackRequest(
                tenant_id=ANN.tenant_id,
                plan_id=plan.plan_id,
                backend_id=backend.backend_id,
                quality=quality,
                was_accepted=bool(quality),
            )
            await told(planner, feedback)


async def told(planner, feedback):
    """Once the plan is read back from the log."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                return await planner.feedback(feedback)
            except BursarError:
                await asyncio.sleep(0.005)


async def test_where_the_cheap_answer_is_refused_the_strong_one_is_asked_under_its_own_hold(
    tmp_path, provider
):
    async with office(memory_ground(tmp_path)) as here:
        await taught(here)
        provider.faults.add("tokens=300; cut_after_events=4", model=CHEAP)
        updates = await here.watched(
            await here.submitted("write a parser", needs=[NEED], is_paid_forced=True)
        )
        result = updates[-1].result
        plan = next(update.step.plan for update in updates if update.step.HasField("plan"))

        assert plan.decision.action == planner_pb2.ACTION_CASCADE
        assert plan.budget.max_api_calls >= 2
        assert result.state == executor_pb2.TASK_STATE_COMPLETED, result.summary
        assert [call.model for call in provider.served.calls] == [CHEAP, STRONG]
        strong, cheap = await settlements(here.ground.log)
        assert (cheap.target.model, strong.target.model) == (CHEAP, STRONG)
        assert result.usage.output_tokens == cheap.usage.output_tokens + strong.usage.output_tokens
        assert result.cost.total_nano_usd == cheap.cost.total_nano_usd + strong.cost.total_nano_usd
        assert (await kinds(here.ground.log, "usage")).count("usage.reserved") == 2


async def test_an_answer_that_no_check_refuses_stays_and_the_strong_one_is_not_asked(
    tmp_path, provider
):
    async with office(memory_ground(tmp_path)) as here:
        await taught(here)
        result = await here.done("write a parser", needs=[NEED], is_paid_forced=True)

        assert result.state == executor_pb2.TASK_STATE_COMPLETED, result.summary
        assert [call.model for call in provider.served.calls] == [CHEAP]
