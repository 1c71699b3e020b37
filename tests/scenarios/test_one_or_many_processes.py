"""A caller cannot tell whether the services stand in one process or each in its own."""

import asyncio
import os
import subprocess
import sys
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from bursar.cache.v1 import cache_pb2
from bursar.compressor.v1 import compressor_pb2
from bursar.efficiency.v1 import efficiency_pb2
from bursar.errors import BursarError
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2
from bursar.rpc import deadline
from wirings import WIRINGS

pytestmark = [
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("wirings"),
]

TENANT = ledger_pb2.Attribution(tenant_id="acme")
TARGET = ledger_pb2.Target(provider="acme", model="acme-large")
UNTIDY = b"import os, sys\n\n\ndef one( ):\n    return 1\n"
AUDIT_TIMEOUT_S = 20
# What differs from run to run without meaning anything.
_OWN = {"operation_id", "event_id", "reservation_id"}


@pytest.fixture(scope="module")
def provider():
    """The simulated one, where every executor expects Anthropic's."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bursar_simulator"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", process.stdout.readline().split()[-1])
        patch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        patch.delenv("OPENAI_API_KEY", raising=False)
        yield
    process.terminate()
    process.wait(20)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wirings(provider, tmp_path_factory):
    """The clients of each wiring, by its name."""
    place = tmp_path_factory.mktemp("wirings")
    async with AsyncExitStack() as stack:
        yield {
            wiring.__name__: await stack.enter_async_context(wiring(place / wiring.__name__))
            for wiring in WIRINGS
        }


async def everywhere(wirings, case):
    """What `case` makes of each wiring's clients: all the same; that is returned."""
    found = {name: await told(case(clients)) for name, clients in wirings.items()}
    first, *others = found.values()
    assert all(other == first for other in others), found
    return first


async def told(work):
    """An answer, or all that an error tells a program."""
    try:
        return await work
    except BursarError as error:
        facts = {name: value for name, value in error.facts.items() if name not in _OWN}
        violations = [(found.field, found.value, found.remedy) for found in error.violations]
        return type(error).__name__, error.reason, facts, violations, error.retry_after_ns


def reserve(operation_id="", tokens=0):
    return quota_pb2.ReserveRequest(
        operation_id=operation_id,
        attribution=TENANT,
        target=TARGET,
        amounts=ledger_pb2.Amounts(input_tokens=tokens),
    )


async def test_a_refusal_by_a_limit_tells_the_same_facts(wirings):
    async def case(clients):
        limit = quota_pb2.Limit(
            selector=quota_pb2.Selector(tenant_id="acme", provider="acme"),
            meter=quota_pb2.METER_INPUT_TOKENS,
            window=quota_pb2.WINDOW_LIFETIME,
            amount=100,
        )
        await clients.quota.put_limit(quota_pb2.PutLimitRequest(limit=limit))
        held = await clients.quota.reserve(reserve(tokens=60))
        assert held.held.input_tokens == 60
        await clients.quota.reserve(reserve(tokens=41))

    name, reason, facts, violations, retry_after_ns = await everywhere(wirings, case)
    assert (name, reason, violations) == ("LimitExceeded", "LIMIT_EXCEEDED", [])
    assert (facts["held"], facts["requested"], facts["amount"]) == (60, 41, 100)
    assert retry_after_ns


async def test_the_same_operation_gives_the_same_answer_and_another_is_a_conflict(wirings):
    async def case(clients):
        first = await clients.quota.reserve(reserve("twice"))
        assert await clients.quota.reserve(reserve("twice")) == first
        await clients.quota.reserve(reserve("twice", tokens=1))

    assert (await everywhere(wirings, case))[:2] == ("Conflict", "CONFLICT")


async def test_what_is_not_there_is_not_found_by_any(wirings):
    unknown = "0" * 64
    cases = {
        "quota": lambda c: c.quota.settle(quota_pb2.SettleRequest(reservation_id="rsv_none")),
        "compressor": lambda c: c.compressor.restore(
            compressor_pb2.RestoreRequest(tenant_id="acme", reference=f"blob:{unknown}")
        ),
        "executor": lambda c: c.executor.get(executor_pb2.GetRequest(task_id="task_none")),
        "efficiency": lambda c: c.efficiency.audit(
            efficiency_pb2.AuditRequest(task_id="task_none")
        ),
    }
    for name, case in cases.items():
        found = (await everywhere(wirings, case))[0]
        assert found in ("NotFound", "InvalidRequest", "UnknownReservation"), name


async def test_a_request_that_cannot_be_taken_names_field_value_and_remedy(wirings):
    async def a_limit(clients):
        await clients.quota.put_limit(
            quota_pb2.PutLimitRequest(limit=quota_pb2.Limit(amount=-1, time_zone="Mars/Base"))
        )

    async def a_plan(clients):
        task = planner_pb2.Task(description="x", complexity_hint=2.0)
        await clients.planner.plan(planner_pb2.PlanRequest(attribution=TENANT, task=task))

    async def a_report(clients):
        await clients.efficiency.report(
            efficiency_pb2.ReportRequest(since_ns=2, until_ns=1, tenant_id="acme")
        )

    for case in (a_limit, a_plan, a_report):
        name, reason, _, violations, _ = await everywhere(wirings, case)
        assert (name, reason) == ("InvalidRequest", "INVALID_REQUEST")
        assert violations


async def test_time_that_is_up_is_told_the_same(wirings):
    async def case(clients):
        with deadline.within(0.000_001):
            await clients.quota.reserve(reserve("late"))

    assert (await everywhere(wirings, case))[:2] == ("DeadlineExceeded", "DEADLINE_EXCEEDED")


async def test_a_stream_that_is_refused_is_refused_the_same(wirings):
    async def case(clients):
        request = executor_pb2.GenerateRequest(
            attribution=TENANT,
            model="nobodys-model",
            messages=[executor_pb2.Message(role=executor_pb2.ROLE_USER, text="hello")],
        )
        return [part async for part in clients.executor.generate(request)]

    assert (await everywhere(wirings, case))[:2] == ("NotFound", "NOT_FOUND")


async def test_the_cache_answers_the_same(wirings):
    async def case(clients):
        key = cache_pb2.Key(canonical_form=b"the same question")
        strategy = planner_pb2.CACHE_STRATEGY_STANDARD
        lookup = cache_pb2.LookupRequest(
            attribution=TENANT, target=TARGET, key=key, strategy=strategy
        )
        before = await clients.cache.lookup(lookup)
        entry = cache_pb2.Entry(content=b"answer", content_kind="openai.chat", target=TARGET)
        stored = await clients.cache.store(
            cache_pb2.StoreRequest(
                attribution=TENANT, key=key, entry=entry, strategy=strategy, is_complete=True
            )
        )
        after = await clients.cache.lookup(lookup)
        return before.miss_reason, stored.is_stored, after.is_hit, after.entry.content, after.layer

    assert await everywhere(wirings, case) == (
        "absent",
        True,
        True,
        b"answer",
        cache_pb2.LAYER_MEMORY,
    )


async def test_the_compressor_answers_the_same_and_gives_the_original_back(wirings):
    async def case(clients):
        text = "".join(f"line {number} of a long log   \n" for number in range(400))
        done = await clients.compressor.compress(
            compressor_pb2.CompressRequest(
                attribution=TENANT,
                content=text,
                level=compressor_pb2.LEVEL_AGGRESSIVE,
                target_tokens=500,
                model="gpt-4o",
            )
        )
        (reference,) = {change.reference for change in done.changes if change.reference}
        restored = await clients.compressor.restore(
            compressor_pb2.RestoreRequest(tenant_id="acme", reference=reference)
        )
        assert restored.content == text.encode()
        return [
            (change.method, change.tokens_before, change.tokens_after) for change in done.changes
        ]

    assert await everywhere(wirings, case)


async def test_a_plan_is_the_same(wirings):
    async def case(clients):
        task = planner_pb2.Task(description="tidy this up", required_capabilities=["linting"])
        backends = (await clients.executor.backends(executor_pb2.BackendsRequest())).backends
        plan = (
            await clients.planner.plan(
                planner_pb2.PlanRequest(attribution=TENANT, task=task, backends=backends)
            )
        ).plan
        plan.ClearField("plan_id")
        plan.ClearField("position")
        return plan

    plan = await everywhere(wirings, case)
    assert plan.thought_level == planner_pb2.THOUGHT_LEVEL_TRIVIAL


TIDYING = planner_pb2.Task(
    description="tidy this up", required_capabilities=["linting", "formatting"]
)
ASKING = planner_pb2.Task(description="name a colour", requested_model="claude-haiku-4-5")
KINDS = {
    "plan.made",
    "cache.miss",
    "cache.stored",
    "usage.reserved",
    "usage.settled",
    "task.submitted",
    "task.steps_recorded",
    "task.ended",
}


@pytest.mark.parametrize("task", [TIDYING, ASKING], ids=["tool", "model"])
async def test_the_same_task_gives_the_same_result_and_the_same_audit(wirings, task):
    async def case(clients):
        submitted = await clients.executor.submit(
            executor_pb2.SubmitRequest(
                attribution=ledger_pb2.Attribution(tenant_id="acme", team_id="web"),
                task=task,
                files=[executor_pb2.InputFile(path="untidy.py", content=UNTIDY)],
            )
        )
        watch = executor_pb2.WatchRequest(tenant_id="acme", task_id=submitted.task_id)
        updates = [update async for update in clients.executor.watch(watch)]
        result = updates.pop().result
        steps = in_order_but_for_neighbours(updates)
        outcome = (result.state, result.text, result.diff, result.usage, result.cost)
        return steps, outcome, await audited(clients, submitted.task_id)

    steps, (state, text, diff, usage, cost), (entries, totals) = await everywhere(wirings, case)
    assert state == executor_pb2.TASK_STATE_COMPLETED
    assert {name for name, _ in steps} == set(executor_pb2.StepName.values()) - {0}
    assert {kind for kind, *_ in entries} >= KINDS
    assert totals.tasks_completed == 1
    if task is ASKING:
        assert "SIMULATED" in text
        settled = ("usage.settled", usage.input_tokens, usage.output_tokens, cost.total_nano_usd)
        assert settled in entries
        assert min(settled[1:]) > 0
    else:
        assert "-import os, sys" in diff


def in_order_but_for_neighbours(updates):
    """Steps in their order; settling and keeping the result go on at once and end in either."""
    steps = [(update.step.name, update.step.state) for update in updates]
    at_once = {executor_pb2.STEP_NAME_SETTLE, executor_pb2.STEP_NAME_STORE}
    return [step for step in steps if step[0] not in at_once] + sorted(
        step for step in steps if step[0] in at_once
    )


async def audited(clients, task_id):
    """Kinds and amounts of a task's events, once all that is written for it is there."""
    request = efficiency_pb2.AuditRequest(tenant_id="acme", task_id=task_id)
    async with asyncio.timeout(AUDIT_TIMEOUT_S):
        while True:
            answer = await clients.efficiency.audit(request)
            if {entry.kind for entry in answer.entries} >= KINDS:
                break
            await asyncio.sleep(0.02)  # observed events are framed within that time
    entries = sorted(
        (entry.kind, entry.usage.input_tokens, entry.usage.output_tokens, entry.cost.total_nano_usd)
        for entry in answer.entries
    )
    return with_batches_as_one(entries), answer.totals


def with_batches_as_one(entries):
    """How many steps share an event of the log depends on how fast they came; that they are there
    does not.
    """
    steps = [entry for entry in entries if entry[0] == "task.steps_recorded"]
    return sorted({*steps}) + [entry for entry in entries if entry not in steps]
