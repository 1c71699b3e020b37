"""The service learns from what tasks come to, and from what it is told; a replay knows the same."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bursar.errors import FailedPrecondition, InvalidRequest, NotFound
from bursar.eventlog.envelope import Origin, observed_event
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_planner.service import PlannerService
from bursar_planner.settings import PlannerSettings
from bursar_planner.task_outcomes import OpenTasks, fold
from instance_processes import until
from memory_ground import memory_ground
from planner_quota import LevelsOnly

LOCAL, CLI = "local/small", "cli/coder"


def backend(backend_id, tier):
    provider, _, model = backend_id.partition("/")
    target = ledger_pb2.Target(provider=provider, model=model, tier=tier)
    return planner_pb2.Backend(
        backend_id=backend_id, target=target, capabilities=["translation"], is_available=True
    )


BACKENDS = [
    backend(LOCAL, ledger_pb2.BACKEND_TIER_LOCAL_MODEL),
    backend(CLI, ledger_pb2.BACKEND_TIER_LOGIN_CLI),
]


def request(number=1, **fields):
    return planner_pb2.PlanRequest(
        attribution=ledger_pb2.Attribution(tenant_id="acme", task_id=f"task_{number}"),
        task=planner_pb2.Task(
            description=f"Translate letter {number}", required_capabilities=["translation"]
        ),
        backends=BACKENDS,
        **fields,
    )


@asynccontextmanager
async def running(ground, **settings):
    settings = PlannerSettings.load(price_set="founding-2024", **settings)
    service = PlannerService(ground, settings, LevelsOnly())
    async with asyncio.TaskGroup() as group:
        run = group.create_task(service.run())
        await service.ready()
        yield service
        await service.drain()
        run.cancel()


async def rated(service, number, backend_id, quality):
    """A plan, read back from the log, and what somebody says of it."""
    plan = (await service.plan(request(number))).plan
    learned = service.learning.learned
    await until(lambda: plan.plan_id in learned.open)
    await service.feedback(
        planner_pb2.FeedbackRequest(
            tenant_id="acme", plan_id=plan.plan_id, backend_id=backend_id, quality=quality
        )
    )
    await until(lambda: backend_id in learned.open[plan.plan_id].seen)
    return plan


async def test_feedback_teaches_and_a_replay_knows_the_same(tmp_path):
    ground = memory_ground(tmp_path)
    async with running(ground, policy="learned-v1") as service:
        for number in range(40):
            await rated(service, number, (LOCAL, CLI)[number % 2], float(number % 2))
        digest = service.learning.learned.digest()
        plan = (await service.plan(request("last"))).plan
    chances = {found.backend.backend_id: found.success_probability for found in plan.candidates}
    assert chances[CLI] > 0.7
    assert chances[LOCAL] < 0.3
    assert plan.policy == "learned-v1"
    assert plan.decision.task_class == "translation"
    async with running(ground, policy="learned-v1") as again:
        replayed = again.learning.learned
        del replayed.open[plan.plan_id]  # made after the digest was taken
        assert replayed.digest() == digest


async def test_the_same_plan_is_explained_with_what_is_known_now_and_tasks_like_it(tmp_path):
    async with running(memory_ground(tmp_path), learn=True) as service:
        for number in range(3):
            plan = await rated(service, number, LOCAL, 1.0)
        asked = planner_pb2.ExplainRequest(tenant_id="acme", task_id="task_2")
        found = await service.explain(asked)
    assert found.plan_id == plan.plan_id
    assert [arm.backend_id for arm in found.arms] == [LOCAL]
    assert found.arms[0].outcomes == 3
    assert {similar.task_id for similar in found.similar} == {"task_0", "task_1"}


async def test_the_rules_go_on_deciding_while_their_outcomes_are_learned_from(tmp_path):
    async with running(memory_ground(tmp_path), learn=True) as service:
        plan = await rated(service, 1, CLI, 0.0)
    assert plan.policy == "rules-v1"
    assert (plan.decision.ground, plan.decision.propensity) == ("rules", 1.0)


async def test_another_policy_is_simulated_over_what_was_planned(tmp_path):
    async with running(memory_ground(tmp_path), learn=True) as service:
        for number in range(40):
            await rated(service, number, CLI, 0.0)
            await rated(service, f"again_{number}", LOCAL, 1.0)
        asked = planner_pb2.SimulateRequest(tenant_id="acme", policy="learned-v1")
        found = await service.simulate(asked)
    assert found.plans == 80
    assert found.simulated.quality > found.actual.quality
    assert found.same_choice == 0


async def test_nothing_is_said_of_a_plan_of_another_tenant(tmp_path):
    async with running(memory_ground(tmp_path), learn=True) as service:
        plan = await rated(service, 1, CLI, 1.0)
        with pytest.raises(NotFound, match="is known"):
            await service.explain(
                planner_pb2.ExplainRequest(tenant_id="other", plan_id=plan.plan_id)
            )


async def test_a_quality_outside_0_to_1_is_refused(tmp_path):
    async with running(memory_ground(tmp_path), learn=True) as service:
        with pytest.raises(InvalidRequest, match="quality"):
            await service.feedback(planner_pb2.FeedbackRequest(plan_id="plan_1", quality=1.5))


async def test_where_nothing_is_learned_it_says_how_to_begin(tmp_path):
    async with running(memory_ground(tmp_path)) as service:
        with pytest.raises(FailedPrecondition, match="BURSAR_PLANNER_LEARN"):
            await service.plan(request(policy="learned-v1"))


async def test_many_plans_come_back_in_the_order_asked_for(tmp_path):
    async with running(memory_ground(tmp_path)) as service:
        asked = planner_pb2.PlanManyRequest(requests=[request(1), request(2)])
        assert len((await service.plan_many(asked)).responses) == 2
        with pytest.raises(InvalidRequest, match="1 to 64"):
            await service.plan_many(planner_pb2.PlanManyRequest())


def event(kind, payload):
    return observed_event(kind, payload.SerializeToString(), Origin("acme", "task_1"), 1)


def steps(*backend_ids):
    return tasks_pb2.StepsRecorded(
        task_id="task_1",
        steps=[
            tasks_pb2.StepRecord(
                name=executor_pb2.STEP_NAME_EXECUTE, backend_id=found, duration_ns=5
            )
            for found in backend_ids
        ],
    )


@pytest.mark.parametrize(
    ("state", "qualities"),
    [
        (executor_pb2.TASK_STATE_COMPLETED, [1.0]),
        (executor_pb2.TASK_STATE_FAILED, [0.0]),
        (executor_pb2.TASK_STATE_CANCELLED, []),
        (executor_pb2.TASK_STATE_DENIED, []),
    ],
)
def test_a_tasks_end_speaks_for_the_last_model_that_worked_on_it(state, qualities):
    told = []
    apply, tasks = fold(told.append), OpenTasks()
    apply(
        tasks, event("task.steps_recorded", steps("tool/ruff-check", LOCAL, "tool/ruff-format")), 1
    )
    apply(tasks, event("task.ended", tasks_pb2.TaskEnded(task_id="task_1", state=state)), 2)
    assert [(found.backend_id, found.quality) for found in told] == [
        (LOCAL, quality) for quality in qualities
    ]


def test_who_looked_at_the_changes_has_the_last_word():
    told = []
    apply, tasks = fold(told.append), OpenTasks()
    ended = tasks_pb2.TaskEnded(task_id="task_1", state=executor_pb2.TASK_STATE_COMPLETED)
    judged = tasks_pb2.TaskJudged(task_id="task_1", verdict=executor_pb2.VERDICT_REJECTED)
    apply(tasks, event("task.steps_recorded", steps(LOCAL)), 1)
    apply(tasks, event("task.ended", ended), 2)
    apply(tasks, event("task.judged", judged), 3)
    assert [(found.quality, found.is_feedback) for found in told] == [(1.0, False), (0.0, True)]


def test_an_answer_from_the_cache_says_nothing_of_a_model():
    told = []
    apply, tasks = fold(told.append), OpenTasks()
    ended = tasks_pb2.TaskEnded(
        task_id="task_1", state=executor_pb2.TASK_STATE_COMPLETED, is_from_cache=True
    )
    apply(tasks, event("task.steps_recorded", steps(LOCAL)), 1)
    apply(tasks, event("task.ended", ended), 2)
    assert told == []
