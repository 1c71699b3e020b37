"""Whole tasks through all services of one process: planned, rationed, done, settled, audited."""

import asyncio

import pytest

from bursar.efficiency.v1 import efficiency_pb2
from bursar.errors import Conflict, InvalidRequest, NotFound
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_simulator.served import Outcome
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider
from executor_parts import (
    ANN,
    FAILED_LOG,
    WAIT_S,
    events,
    happened,
    isolate,
    kinds,
    office,
    recorded_steps,
    settlements,
    step_names,
    task_request,
)
from memory_ground import memory_ground

COMPLETED, FAILED, DENIED, UNAVAILABLE, CANCELLED = (
    executor_pb2.TASK_STATE_COMPLETED,
    executor_pb2.TASK_STATE_FAILED,
    executor_pb2.TASK_STATE_DENIED,
    executor_pb2.TASK_STATE_UNAVAILABLE,
    executor_pb2.TASK_STATE_CANCELLED,
)
FAULTY = b"import os\nimport sys\nprint( sys.argv )\n"
MENDED = b"import sys\n\nprint(sys.argv)\n"
LOG = {"-": FAILED_LOG}
GPT = "gpt-4o"
WORDS = "Tell me what this is about"


@pytest.fixture
def ground(tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path)
    return memory_ground(tmp_path)


@pytest.fixture
async def here(ground):
    async with office(ground) as found:
        yield found


@pytest.fixture
async def provider(monkeypatch):
    async with SimulatedProvider(SimulatorSettings(host="127.0.0.1", port=0)) as simulated:
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        monkeypatch.setenv("OPENAI_BASE_URL", simulated.address)
        monkeypatch.setenv("BURSAR_OPENAI_MODEL", GPT)
        yield simulated


@pytest.fixture
async def with_model(ground, provider):
    async with office(ground) as found:
        yield found


async def limited(here, meter, amount):
    limit = quota_pb2.Limit(
        selector=quota_pb2.Selector(tenant_id=ANN.tenant_id),
        meter=meter,
        window=quota_pb2.WINDOW_DAY,
        amount=amount,
    )
    await here.quota.put_limit(quota_pb2.PutLimitRequest(limit=limit, author="ann"))


async def held(here):
    answer = await here.quota.usage(quota_pb2.UsageRequest(attribution=ANN))
    return [level.held for level in answer.levels]


async def test_a_log_of_failed_tests_is_read_by_a_parser_step_by_step(here):
    task_id = await here.submitted("why did this fail", files=LOG)

    updates = await here.watched(task_id)

    result = updates[-1].result
    assert result.state == COMPLETED
    (failing,) = result.failing_tests
    assert (failing.test, failing.line) == ("test_cart.py::test_total", 2)
    ends = [name for name in step_names(updates) if not name.endswith("started")]
    assert ends[:5] == [
        "plan completed",
        "lookup completed",
        "compress skipped",
        "reserve completed",
        "execute completed",
    ]
    assert sorted(ends[5:7]) == ["settle completed", "store completed"]
    assert ends[7:] == ["report completed"]
    numbers = [update.step.step_number for update in updates[:-1]]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_late_and_early_watchers_see_the_same(here):
    task_id = await here.submitted("why did this fail", files=LOG)
    early = asyncio.ensure_future(here.watched(task_id))

    late = await here.watched(task_id)

    assert await early == late
    assert await here.watched(task_id, after=late[-3].step.step_number) == late[-2:]


async def test_tools_mend_a_copy_and_each_file_counts_once_as_saved(here):
    files = {"a.py": FAULTY, "notes.txt": b"not python " * 50}

    result = await here.done("tidy these files", files=files)

    assert result.state == COMPLETED
    (change,) = result.changes
    assert (change.path, change.content) == ("a.py", MENDED)
    assert "-import os" in result.diff
    (saved,) = result.savings
    assert saved.cause == ledger_pb2.SAVING_CAUSE_FREE_TOOL
    assert 0 < saved.input_tokens < 30
    assert saved.reason.startswith("tool/ruff-check, tool/ruff-format")


async def test_a_finding_that_a_later_tool_mended_is_not_told_as_left(here):
    result = await here.done("tidy", files={"a.py": b"if True: x = undefined\n"})

    assert [finding.code for finding in result.findings if not finding.is_fixed] == ["F821"]
    assert [finding.line for finding in result.findings if not finding.is_fixed] == [2]
    assert result.summary.startswith("ruff-check: 0 of 1 findings fixed, 1 left; ruff-format: 1 of")
    assert result.summary.endswith("ruff-check: 0 of 1 findings fixed, 1 left")


async def test_a_file_that_is_right_already_is_left_as_it_is(here):
    result = await here.done("tidy", files={"a.py": MENDED})

    assert result.state == COMPLETED
    assert not result.changes
    assert result.diff == ""
    assert result.summary == "ruff-check: nothing to mend; ruff-format: nothing to mend"


async def test_a_file_that_is_no_python_at_all_is_a_finding_and_no_failure(here):
    result = await here.done("lint", files={"a.py": b"def broken(:\n"})

    assert result.state == COMPLETED
    assert not result.changes
    assert [finding.path for finding in result.findings if not finding.is_fixed] == ["a.py"] * len(
        result.findings
    )
    assert result.findings


async def test_the_second_time_nothing_has_to_be_done(here):
    first = await here.done("tidy", files={"a.py": FAULTY})
    second = await here.submitted("tidy", files={"a.py": FAULTY})
    updates = await here.watched(second)

    result = updates[-1].result
    assert result.is_from_cache
    assert result.changes == first.changes
    assert (result.task_id, result.state) == (second, COMPLETED)
    assert "execute completed" not in step_names(updates)
    assert len(await settlements(here.ground.log)) == 1


async def test_another_setting_of_a_tool_is_another_task(here, tmp_path):
    (tmp_path / "a.py").write_bytes(FAULTY)

    async def linted():
        request = task_request("lint", files={"a.py": FAULTY})
        request.origin_directory = str(tmp_path)
        taken = await here.executor.submit(request)
        return (await here.watched(taken.task_id))[-1].result

    first, again = await linted(), await linted()
    (tmp_path / "ruff.toml").write_text("lint.select = ['E501']\n")
    after = await linted()

    assert (first.is_from_cache, again.is_from_cache, after.is_from_cache) == (False, True, False)
    assert first.changes
    assert not after.changes


async def test_what_nobody_can_do_says_how_to_get_somebody_and_charges_nothing(here):
    task_id = await here.submitted("review this", files={"a.py": FAULTY})
    updates = await here.watched(task_id)

    result = updates[-1].result
    assert result.state == UNAVAILABLE
    assert "run Ollama" in result.summary
    assert "_API_KEY" in result.summary
    reserve = next(
        update.step for update in updates if update.step.name == executor_pb2.STEP_NAME_RESERVE
    )
    assert reserve.summary.startswith("nothing; it would be about $0.00")
    assert "execute unavailable" in step_names(updates)
    assert await kinds(here.ground.log, "usage") == []
    assert (result.cost.total_nano_usd, result.cost.is_known) == (0, True)


async def test_what_somebody_can_do_is_done_where_the_rest_is_nobodys(here):
    result = await here.done("tidy and review", files={"a.py": FAULTY})

    assert result.state == UNAVAILABLE
    assert result.changes
    assert "not done: code_review" in result.summary


async def test_a_limit_on_requests_denies_a_tool_too_and_nothing_is_done(here):
    await limited(here, quota_pb2.METER_REQUESTS, 0)

    task_id = await here.submitted("tidy", files={"a.py": FAULTY})
    updates = await here.watched(task_id)

    assert updates[-1].result.state == DENIED
    assert updates[-1].result.error_reason == "LIMIT_EXCEEDED"
    assert step_names(updates)[-2:] == ["reserve denied", "report completed"]
    assert await kinds(here.ground.log, "usage") == ["usage.limit_put", "usage.denied"]


async def test_a_model_asked_by_name_is_paid_for_as_it_is_billed(with_model, provider):
    await limited(with_model, quota_pb2.METER_COST_NANO_USD, 10**9)

    result = await with_model.done(WORDS, files={"a.txt": b"a long story " * 20}, model=GPT)

    billed = provider.served.calls[0].usage
    assert result.state == COMPLETED
    assert result.text.startswith("SIMULATED")
    assert result.usage.input_tokens == billed.input_tokens
    assert result.usage.output_tokens == billed.output_tokens
    assert result.cost.total_nano_usd > 0
    (settled,) = await settlements(with_model.ground.log)
    assert settled.cost == result.cost
    assert await held(with_model) == [0]


async def test_before_a_model_is_sent_anything_quota_and_the_log_know_of_it(with_model, provider):
    task_id = await with_model.submitted(f"{WORDS} [simulate: never]", model=GPT)
    async with asyncio.timeout(WAIT_S):
        await provider.until(lambda: provider.calls_in_flight == 1)

    last = (await recorded_steps(with_model.ground.log))[-1]
    assert last.state == executor_pb2.STEP_STATE_STARTED
    assert last.backend_id == f"openai/{GPT}"
    assert last.reservation_id.startswith("rsv_")
    assert await kinds(with_model.ground.log, "usage") == ["usage.reserved", "usage.dispatched"]
    await with_model.executor.cancel(
        executor_pb2.CancelRequest(tenant_id=ANN.tenant_id, task_id=task_id)
    )
    assert (await with_model.watched(task_id))[-1].result.state == CANCELLED


async def test_a_model_denied_by_a_limit_is_sent_nothing(with_model, provider):
    await limited(with_model, quota_pb2.METER_TOTAL_TOKENS, 10)

    result = await with_model.done(WORDS, model=GPT)

    assert result.state == DENIED
    assert not provider.served.calls


async def test_a_paid_model_near_a_limit_is_denied_unless_it_is_forced(with_model, provider):
    await limited(with_model, quota_pb2.METER_REQUESTS, 10)
    for number in range(9):
        await with_model.done("why did this fail", files={"-": FAILED_LOG + b"%d" % number})

    near = await with_model.done(WORDS, model=GPT)
    forced = await with_model.done(WORDS, model=GPT, is_paid_forced=True)

    assert (near.state, forced.state) == (DENIED, COMPLETED)
    assert "a limit is near" in near.summary
    assert len(provider.served.calls) == 1


async def test_a_providers_error_makes_the_task_unavailable_and_costs_nothing(with_model, provider):
    result = await with_model.done(f"{WORDS} [simulate: status=529]", model=GPT)

    assert (result.state, result.cost.total_nano_usd) == (UNAVAILABLE, 0)
    assert "529" in result.summary


async def test_a_stream_that_broke_off_is_settled_by_what_came_and_its_words_are_kept(
    with_model, provider
):
    told = "tokens=100; cut_after_events=9"
    result = await with_model.done(f"{WORDS} [simulate: {told}]", model=GPT)

    assert result.state == UNAVAILABLE
    assert result.text.startswith("SIMULATED")
    assert result.usage.output_tokens == provider.served.calls[0].usage.output_tokens
    (settled,) = await settlements(with_model.ground.log)
    assert settled.outcome == quota_pb2.OUTCOME_CUT


async def test_cancelling_in_the_middle_of_a_call_hangs_up_and_settles_what_was_streamed(
    with_model, provider
):
    await limited(with_model, quota_pb2.METER_TOTAL_TOKENS, 10**6)
    told = "tokens=100; chunk_s=0.02"
    task_id = await with_model.submitted(f"{WORDS} [simulate: {told}]", model=GPT)
    async with asyncio.timeout(WAIT_S):
        await provider.until(lambda: provider.calls_in_flight == 1)

    await with_model.executor.cancel(
        executor_pb2.CancelRequest(tenant_id=ANN.tenant_id, task_id=task_id)
    )

    result = (await with_model.watched(task_id))[-1].result
    assert (result.state, result.error_reason) == (CANCELLED, "CANCELLED")
    async with asyncio.timeout(WAIT_S):
        await provider.until(lambda: bool(provider.served.calls))
    assert provider.served.calls[0].outcome is Outcome.HUNG_UP
    assert await held(with_model) == [0]
    (settled,) = await settlements(with_model.ground.log)
    assert settled.outcome in (quota_pb2.OUTCOME_CUT, quota_pb2.OUTCOME_UNKNOWN)


async def test_a_task_that_only_waits_is_cancelled_at_once(ground, provider, monkeypatch):
    monkeypatch.setenv("BURSAR_EXECUTOR_TASKS_AT_ONCE_MAX", "1")
    async with office(ground) as here:
        first = await here.submitted(f"{WORDS} [simulate: never]", model=GPT)
        async with asyncio.timeout(WAIT_S):
            await provider.until(lambda: provider.calls_in_flight == 1)
        second = await here.submitted("why did this fail", files=LOG)

        for task_id in (second, first):
            cancel = executor_pb2.CancelRequest(tenant_id=ANN.tenant_id, task_id=task_id)
            await here.executor.cancel(cancel)
            result = (await here.watched(task_id))[-1].result
            assert result.state == CANCELLED
        await here.executor.cancel(cancel)

    assert (await kinds(ground.log, "tasks")).count("task.ended") == 2


async def test_tasks_above_the_bound_wait_for_their_turn_in_order(ground, monkeypatch):
    monkeypatch.setenv("BURSAR_EXECUTOR_TASKS_AT_ONCE_MAX", "1")
    async with office(ground) as here:
        files = [{"-": FAILED_LOG + b"%d" % number} for number in range(5)]
        task_ids = [await here.submitted("why did this fail", files=found) for found in files]
        for task_id in task_ids:
            assert (await here.watched(task_id))[-1].result.state == COMPLETED

    ended = [event.task_id for event in await events(ground.log, "tasks") if "ended" in event.kind]
    assert ended == task_ids


async def test_a_process_is_not_idle_while_a_task_is_at_work_that_nobody_watches(
    with_model, provider
):
    task_id = await with_model.submitted(f"{WORDS} [simulate: never]", model=GPT)
    async with asyncio.timeout(WAIT_S):
        await provider.until(lambda: provider.calls_in_flight == 1)

    assert with_model.ground.activity.idle_s() == 0

    cancel = executor_pb2.CancelRequest(tenant_id=ANN.tenant_id, task_id=task_id)
    await with_model.executor.cancel(cancel)
    await with_model.watched(task_id)
    await with_model.service.drain()
    assert with_model.ground.activity.idle_s() > 0


async def test_the_same_operation_is_the_same_task(here):
    task_ids = {
        await here.submitted("why did this fail", files=LOG, operation_id="op") for _ in range(3)
    }

    (task_id,) = task_ids
    assert (await here.watched(task_id))[-1].result.state == COMPLETED
    assert (await kinds(here.ground.log, "tasks")).count("task.submitted") == 1
    with pytest.raises(Conflict):
        await here.submitted("something else", files=LOG, operation_id="op")


async def test_a_submission_whose_caller_hangs_up_is_begun_once_it_is_durable(here):
    submitting = asyncio.ensure_future(here.submitted("why did this fail", files=LOG))
    following = asyncio.ensure_future(happened(here.ground.log, "tasks", "task.submitted"))
    await following
    submitting.cancel()

    await happened(here.ground.log, "tasks", "task.ended")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"description": " "}, "task.description"),
        ({"description": "x" * 100_001}, "task.description"),
        ({"description": "x", "operation_id": "é" * 65}, "operation_id"),
        ({"description": "x", "files": {"": b""}}, "files.path"),
        ({"description": "x", "files": {"a": b"x" * (16 * 1024 * 1024 + 1)}}, "16 MiB"),
        ({"description": "x", "files": {f"{number}": b"" for number in range(1001)}}, "1000"),
    ],
)
async def test_a_task_that_cannot_be_is_refused_before_it_is_taken(here, fields, words):
    with pytest.raises(InvalidRequest, match=words):
        await here.submitted(**fields)
    assert await kinds(here.ground.log, "tasks") == []


async def test_a_model_there_is_none_of_fails_the_task_with_the_names_there_are(here):
    result = await here.done(WORDS, model="gpt-9")

    assert (result.state, result.error_reason) == (FAILED, "NOT_FOUND")
    assert "smollm2" in result.summary


async def test_another_tenants_task_is_not_found(here):
    task_id = await here.submitted("why did this fail", files=LOG)

    for tenant_id in ("other", ""):
        request = executor_pb2.GetRequest(tenant_id=tenant_id, task_id=task_id)
        with pytest.raises(NotFound):
            await here.executor.get(request)
        watch = executor_pb2.WatchRequest(tenant_id=tenant_id, task_id=task_id)
        with pytest.raises(NotFound):
            await anext(aiter(here.executor.watch(watch)))


async def test_an_ended_task_is_known_with_its_steps_after_a_restart(ground):
    async with office(ground) as before:
        task_id = await before.submitted("why did this fail", files=LOG)
        seen = await before.watched(task_id)

    async with office(ground) as after:
        assert await after.watched(task_id) == seen
        request = executor_pb2.GetRequest(tenant_id=ANN.tenant_id, task_id=task_id)
        assert (await after.executor.get(request)).state == COMPLETED


async def test_the_audit_of_a_task_is_complete_and_adds_up(with_model, provider):
    result = await with_model.done(WORDS, model=GPT)
    await happened(with_model.ground.log, "plans", "plan.made")
    async with asyncio.timeout(WAIT_S):
        audit = await with_model.efficiency.audit(
            efficiency_pb2.AuditRequest(tenant_id=ANN.tenant_id, task_id=result.task_id)
        )

    found = [entry.kind for entry in audit.entries]
    assert found[0] == "task.submitted"
    assert {"plan.made", "usage.reserved", "usage.dispatched", "usage.settled", "task.ended"} <= {
        *found
    }
    assert audit.totals.cost_nano_usd == result.cost.total_nano_usd
    assert {entry.trace_id for entry in audit.entries} == {result.trace_id}


async def test_no_word_of_a_task_and_no_name_of_a_file_is_in_the_log(here):
    await here.done("lint SECRETWORDS", files={"secretname.py": b"SECRETCODE = 1\n"})

    for stream in ("tasks", "usage", "plans", "cache"):
        for event in await events(here.ground.log, stream):
            assert b"secret" not in event.SerializeToString().lower()
