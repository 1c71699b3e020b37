"""The service plans, prices and tells the log, and tells it nothing that a task says."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bursar.errors import InvalidRequest, Unavailable
from bursar.eventlog.frame import decode
from bursar.events.v1 import event_pb2, plans_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.telemetry import context as trace_context
from bursar_planner.service import PlannerService
from bursar_planner.settings import PlannerSettings
from bursar_planner.wire import STREAM
from memory_ground import memory_ground
from planner_quota import LevelsOnly, quota_level

ATTRIBUTION = ledger_pb2.Attribution(
    tenant_id="acme", user_id="ann", task_id="task_1", call_id="call_1", cause_id="event_1"
)
SECRET = "The password of the door is swordfish"


def backend(backend_id, tier, *capabilities, is_available=True, **fields):
    provider, _, model = backend_id.partition("/")
    return planner_pb2.Backend(
        backend_id=backend_id,
        target=ledger_pb2.Target(provider=provider, model=model, tier=tier),
        capabilities=capabilities,
        is_available=is_available,
        **fields,
    )


RUFF = backend("tool/ruff-check", ledger_pb2.BACKEND_TIER_LOCAL_TOOL, "linting")
CLAUDE = backend("anthropic/claude-3-opus", ledger_pb2.BACKEND_TIER_PAID_API, "translation")


def request(description=SECRET, backends=(RUFF, CLAUDE), **task):
    return planner_pb2.PlanRequest(
        attribution=ATTRIBUTION,
        task=planner_pb2.Task(description=description, **task),
        backends=backends,
    )


@asynccontextmanager
async def running(tmp_path, quota=None, **settings):
    ground = memory_ground(tmp_path)
    settings = {"price_set": "founding-2024", **settings}
    service = PlannerService(ground, PlannerSettings.load(**settings), quota or LevelsOnly())
    async with asyncio.TaskGroup() as group:
        run = group.create_task(service.run())
        await service.ready()
        yield service, ground
        await service.drain()
        run.cancel()


async def events(ground):
    found = []
    tail = await ground.log.tail(STREAM)
    for sequence in range(1, tail.sequence + 1):
        record = await ground.log.get(STREAM, sequence)
        found += map(event_pb2.Event.FromString, decode(record.frame, STREAM, sequence).events)
    return found


async def test_a_small_task_is_planned_for_a_local_tool(tmp_path):
    async with running(tmp_path) as (service, _):
        plan = (await service.plan(request(required_capabilities=["linting"]))).plan

    assert plan.plan_id.startswith("plan_")
    assert plan.policy == "rules-v1"
    assert plan.thought_level == planner_pb2.THOUGHT_LEVEL_TRIVIAL
    assert plan.cache_strategy == planner_pb2.CACHE_STRATEGY_AGGRESSIVE
    assert plan.compression_level == "safe"
    assert plan.complexity == plan.effective_complexity == pytest.approx(0.037)
    assert [(found.name, found.observed) for found in plan.factors] == [
        ("description", "37 characters"),
        ("dependencies", "0 dependencies"),
        ("required tools", "0 tools"),
        ("hint", "none given"),
    ]
    assert (plan.budget.max_tokens, plan.budget.max_api_calls) == (500, 0)
    assert plan.budget.max_duration_ns == 5_000_000_000
    assert (plan.budget.max_cost_nano_usd, plan.budget.is_cost_known) == (0, True)
    (candidate,) = plan.candidates
    assert candidate.backend == RUFF
    assert (candidate.covers, candidate.is_cost_known) == (["linting"], True)
    (agent,) = plan.agents
    assert (agent.role, agent.max_tokens, agent.tools) == (
        "simple_executor",
        500,
        ["linter", "formatter"],
    )


async def test_a_paid_api_is_priced_with_what_the_description_and_the_context_take(tmp_path):
    asked = request(
        required_capabilities=["translation"], is_api_requested=True, context_tokens=100
    )
    async with running(tmp_path) as (service, _):
        plan = (await service.plan(asked)).plan

    (candidate,) = plan.candidates
    assert plan.is_api_used
    assert candidate.is_cost_known
    # 100 tokens of context, and about as many for 37 characters as people would guess.
    written = 125 * 75_000
    assert 105 * 15_000 < candidate.expected_cost_nano_usd - written < 115 * 15_000
    assert plan.budget.max_cost_nano_usd == 500 * 75_000


async def test_a_price_that_is_not_known_is_no_price_of_zero(tmp_path):
    odd = backend("nobody/model", ledger_pb2.BACKEND_TIER_PAID_API, "translation")
    asked = request(backends=[odd], required_capabilities=["translation"], is_api_requested=True)
    async with running(tmp_path) as (service, _):
        plan = (await service.plan(asked)).plan
    assert not plan.candidates[0].is_cost_known
    assert not plan.budget.is_cost_known


async def test_a_limit_that_quota_reports_near_makes_the_plan_smaller(tmp_path):
    quota = LevelsOnly(quota_level("total/day", settled=81))
    async with running(tmp_path, quota) as (service, _):
        plan = (await service.plan(request("x" * 250))).plan
    assert plan.is_near_limit
    assert plan.effective_complexity == pytest.approx(0.14)
    assert plan.thought_level == planner_pb2.THOUGHT_LEVEL_TRIVIAL
    assert any("total/day has 81 of 100 tokens" in reason for reason in plan.reasons)


async def test_a_limit_of_a_provider_that_is_no_candidate_changes_nothing(tmp_path):
    quota = LevelsOnly(quota_level("anthropic/day", settled=99, provider="anthropic"))
    async with running(tmp_path, quota) as (service, _):
        plan = (await service.plan(request(required_capabilities=["linting"]))).plan
    assert not plan.is_near_limit


async def test_quota_away_is_no_reason_not_to_plan(tmp_path):
    quota = LevelsOnly(quota_level("total/day", settled=81))
    async with running(tmp_path, quota) as (service, _):
        await service.plan(request())
        quota.error = Unavailable("away")
        plan = (await service.plan(request())).plan
    assert plan.is_near_limit
    assert any(reason.startswith("quota does not answer: planned with") for reason in plan.reasons)


async def test_a_bad_task_is_refused_before_quota_is_asked(tmp_path):
    quota = LevelsOnly()
    async with running(tmp_path, quota) as (service, ground):
        with pytest.raises(InvalidRequest):
            await service.plan(request(" "))
    assert quota.checks == 0
    assert await events(ground) == []


async def test_the_log_is_told_the_plan_for_whom_and_in_which_trace(tmp_path):
    async with running(tmp_path) as (service, ground):
        with trace_context.within(trace_context.begin(0.0)) as _:
            trace = trace_context.current()
            plan = (await service.plan(request(required_capabilities=["linting"]))).plan

    (event,) = await events(ground)
    made = plans_pb2.PlanMade.FromString(event.payload)
    assert (event.kind, event.schema_version, event.skippable) == ("plan.made", 1, True)
    assert (event.tenant_id, event.task_id, event.call_id) == ("acme", "task_1", "call_1")
    assert (event.cause_id, event.trace_id) == ("event_1", trace.trace_id)
    assert made.plan == plan
    assert plan.plan_id == f"plan_{event.event_id}"
    assert (plan.position.stream, plan.position.event_id) == ("plans", event.event_id)
    assert made.attribution.user_id == ground.keyring.pseudonym("acme", "user", "ann")
    assert ground.names.name_of("acme", made.attribution.user_id) == "ann"
    made.attribution.user_id = "ann"
    assert made.attribution == ATTRIBUTION
    assert made.required_capabilities == ["linting"]
    assert made.description_characters == len(SECRET)
    assert made.description_hmac == ground.keyring.keyed_hash("acme", SECRET.encode())


async def test_no_word_of_a_task_is_in_the_log(tmp_path):
    async with running(tmp_path) as (service, ground):
        await service.plan(request(required_capabilities=["linting"]))
    (event,) = await events(ground)
    stored = event.SerializeToString()
    assert not any(word.encode() in stored for word in SECRET.split() if len(word) > 3)


async def test_the_same_description_has_another_hash_for_another_tenant(tmp_path):
    async with running(tmp_path) as (service, ground):
        for tenant_id in ("acme", "other", ""):
            asked = request()
            asked.attribution.tenant_id = tenant_id
            await service.plan(asked)
    found = await events(ground)
    hashes = {plans_pb2.PlanMade.FromString(event.payload).description_hmac for event in found}
    assert len(hashes) == 3
    assert [event.tenant_id for event in found] == ["acme", "other", "default"]


async def test_plans_differ_in_nothing_but_their_ids(tmp_path):
    async with running(tmp_path) as (service, _):
        plans = [(await service.plan(request())).plan for _ in range(3)]
    assert len({plan.plan_id for plan in plans}) == 3
    for plan in plans:
        plan.ClearField("plan_id")
        plan.ClearField("position")
    assert plans[0] == plans[1] == plans[2]


@pytest.mark.parametrize("available", [0, 100])
async def test_the_largest_plan_fits_the_log(tmp_path, available):
    capabilities = [f"{number:064d}" for number in range(32)]
    crowd = [
        backend(
            f"tool/{number:0240d}",
            ledger_pb2.BACKEND_TIER_LOCAL_TOOL,
            *capabilities,
            is_available=number < available,
            remedy="x" * 2_000,
        )
        for number in range(256)
    ]
    for odd in crowd:
        odd.target.model = "x" * 128
    asked = request(
        backends=crowd,
        required_capabilities=capabilities,
        required_tools=["x" * 4_096] * 20,
        complexity_hint=1.0,
    )
    asked.attribution.labels.update({f"{number:064d}": "x" * 256 for number in range(16)})
    async with running(tmp_path) as (service, ground):
        plan = (await service.plan(asked)).plan
    assert len(plan.candidates) == 256
    (event,) = await events(ground)
    made = plans_pb2.PlanMade.FromString(event.payload)
    assert made.plan.plan_id == plan.plan_id
    assert made.plan.thought_level == plan.thought_level
    assert made.plan.budget == plan.budget


async def test_the_policies_are_named_and_described(tmp_path):
    async with running(tmp_path) as (service, _):
        found = (await service.policies(planner_pb2.PoliciesRequest())).policies
    assert [policy.name for policy in found] == ["rules-v1", "learned-v1"]
    assert all(policy.description for policy in found)


def test_a_policy_that_is_not_known_is_refused_at_start(tmp_path):
    with pytest.raises(InvalidRequest) as raised:
        PlannerService(
            memory_ground(tmp_path), PlannerSettings.load(policy="guess-v0"), LevelsOnly()
        )
    assert raised.value.violations[0].field == "planner.policy"
