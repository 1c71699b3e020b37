"""A plan sees the limits that quota keeps, in one process and over gRPC alike."""

from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bursar.clients.remote import REMOTES
from bursar.errors import InvalidRequest
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2
from bursar.rpc.calling import channel_to
from bursar.wiring.process import ProcessPlan, running
from bursar_planner.module import MODULE as PLANNER
from bursar_quota.module import MODULE as QUOTA
from memory_ground import memory_ground

ANN = ledger_pb2.Attribution(tenant_id="acme", user_id="user_ann")
OPUS = ledger_pb2.Target(
    provider="anthropic", model="claude-3-opus", tier=ledger_pb2.BACKEND_TIER_PAID_API
)


@asynccontextmanager
async def one_process(ground):
    plan = ProcessPlan([PLANNER, QUOTA])
    async with running(plan, ground) as process:
        yield process.peers.client("planner"), process.peers.client("quota")


@asynccontextmanager
async def two_processes(ground):
    async with AsyncExitStack() as stack:
        quota = await stack.enter_async_context(running(ProcessPlan([QUOTA]), ground))
        addresses = {"quota": quota.address}
        planner = await stack.enter_async_context(
            running(ProcessPlan([PLANNER], peer_addresses=addresses), ground)
        )
        channels = [channel_to(planner.address), channel_to(quota.address)]
        for channel in channels:
            stack.push_async_callback(channel.close)
        yield REMOTES["planner"](channels[0]), REMOTES["quota"](channels[1])


@pytest.fixture(params=[one_process, two_processes])
async def planner_and_quota(request, tmp_path, monkeypatch):
    monkeypatch.setenv("BURSAR_PLANNER_PRICE_SET", "founding-2024")
    async with request.param(memory_ground(tmp_path)) as clients:
        yield clients


def asked(**task):
    backend = planner_pb2.Backend(
        backend_id="anthropic/claude-3-opus",
        target=OPUS,
        capabilities=["translation"],
        is_available=True,
    )
    return planner_pb2.PlanRequest(
        attribution=ANN,
        task=planner_pb2.Task(
            description="x" * 250,
            dependencies=["a.py", "b.py"],
            required_capabilities=["translation"],
            **task,
        ),
        backends=[backend],
    )


async def limit_tokens(quota, amount):
    limit = quota_pb2.Limit(
        selector=quota_pb2.Selector(tenant_id="acme", provider="anthropic"),
        meter=quota_pb2.METER_TOTAL_TOKENS,
        window=quota_pb2.WINDOW_LIFETIME,
        amount=amount,
        mode=quota_pb2.MODE_HARD,
    )
    await quota.put_limit(quota_pb2.PutLimitRequest(limit=limit))


async def use(quota, tokens):
    await quota.record_usage(
        quota_pb2.RecordUsageRequest(
            attribution=ANN,
            target=OPUS,
            usage=ledger_pb2.TokenUsage(input_tokens=tokens),
            cost=ledger_pb2.Cost(is_known=True),
            requests=1,
            source=quota_pb2.USAGE_SOURCE_COUNTED,
        )
    )


async def test_at_80_percent_the_paid_api_is_used_and_above_it_only_by_force(planner_and_quota):
    planner, quota = planner_and_quota
    await limit_tokens(quota, 100_000)
    await use(quota, 80_000)
    at = (await planner.plan(asked())).plan
    await use(quota, 1)
    above = (await planner.plan(asked(is_api_requested=True))).plan
    forced = (await planner.plan(asked(is_paid_forced=True))).plan

    assert (at.is_near_limit, at.is_api_used) == (False, True)
    assert (above.is_near_limit, above.is_api_used) == (True, False)
    assert (forced.is_near_limit, forced.is_api_used) == (True, True)
    assert at.thought_level == planner_pb2.THOUGHT_LEVEL_MODERATE
    assert above.thought_level == planner_pb2.THOUGHT_LEVEL_SIMPLE


async def test_what_a_hard_limit_leaves_is_not_exceeded_by_force(planner_and_quota):
    planner, quota = planner_and_quota
    await limit_tokens(quota, 100_000)
    await use(quota, 99_990)
    plan = (await planner.plan(asked(is_api_requested=True, is_paid_forced=True))).plan

    assert not plan.is_api_used
    assert plan.budget.max_api_calls == 0
    assert plan.uncovered_capabilities == ["translation"]
    (candidate,) = plan.candidates
    assert not candidate.backend.is_available
    assert "99,990 of 100,000 tokens" in candidate.backend.remedy


async def test_a_bad_hint_is_refused_with_the_same_words(planner_and_quota):
    planner, _ = planner_and_quota
    with pytest.raises(InvalidRequest) as raised:
        await planner.plan(asked(complexity_hint=2.0))
    (violation,) = raised.value.violations
    assert (violation.field, violation.value) == ("task.complexity_hint", "2.0")
    assert violation.remedy == "give a number from 0 to 1"
