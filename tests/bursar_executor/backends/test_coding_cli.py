"""A coding CLI as a backend: found by name, its word another class of trust, its tree bounded."""

import asyncio
import json
import os
import stat
import sys

import pytest

from bursar.errors import BackendUnavailable, FailedPrecondition
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2
from bursar_executor.backends.backend import Job
from bursar_executor.backends.coding_cli import CodingCliBackend
from bursar_executor.backends.registry import Registry
from bursar_executor.clis import claude_code
from bursar_executor.clis.cli import FIRST_LINE
from bursar_executor.clis.running import CliRunner
from bursar_executor.settings import ExecutorSettings
from bursar_executor.tasks import kept_outcome
from bursar_executor.tasks.payment import Bill
from executor_parts import isolate

RESULT = {
    "type": "result",
    "is_error": False,
    "result": "Done.",
    "usage": {"input_tokens": 120, "output_tokens": 30},
    "modelUsage": {"claude-haiku-4-5": {}},
}
STATUS = """
import json, pathlib, sys, time
if sys.argv[1:] == ["auth", "status"]:
    print(json.dumps({"loggedIn": LOGGED_IN}))
    sys.exit()
prompt = sys.stdin.read()
"""


@pytest.fixture
def claude(tmp_path, monkeypatch):
    """Puts a program of that name on PATH, which does what it is told with its `prompt`."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")

    def put(does, *, is_logged_in=True):
        program = place / "claude"
        code = STATUS.replace("LOGGED_IN", str(is_logged_in)) + does
        program.write_text(f"#!{sys.executable}\n{code}")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    return put


def job(files=None, duration_s=30.0):
    return Job("Tidy this.", files or {}, "the context", 400, duration_s)


async def done(backend, its_job):
    return await (await backend.prepared(its_job)).done()


@pytest.fixture
def backend(subprocesses):
    return CodingCliBackend(claude_code, CliRunner(subprocesses), None)


async def test_a_prompt_comes_on_standard_input_behind_a_first_line(claude, backend):
    claude(f"r = {RESULT!r}; r['result'] = prompt; print(json.dumps(r))")
    outcome = await done(backend, job())
    assert outcome.text == f"{FIRST_LINE}\n\nTidy this.\n\nthe context"
    assert outcome.answered_by_model == "claude-haiku-4-5"


async def test_its_usage_is_booked_as_reported_by_the_tool_and_costs_nothing(claude, backend):
    claude(f"print(json.dumps({RESULT!r}))")
    work = await backend.prepared(job())
    outcome = await work.done()
    bill = Bill.of([(work.hold, outcome)], ())
    assert bill.source == quota_pb2.USAGE_SOURCE_TOOL
    assert (bill.spent.usage.input_tokens, bill.spent.usage.output_tokens) == (120, 30)
    assert (bill.spent.cost.is_known, bill.spent.cost.total_nano_usd) == (True, 0)
    assert kept_outcome.decoded(kept_outcome.encoded(outcome)).is_told_by_tool


async def test_a_run_that_told_no_usage_takes_its_whole_hold(claude, backend):
    claude(f"r = {RESULT!r}; del r['usage']; print(json.dumps(r))")
    work = await backend.prepared(job())
    bill = Bill.of([(work.hold, await work.done())], ())
    assert bill.source == quota_pb2.USAGE_SOURCE_HOLD
    assert bill.spent.usage.input_tokens == work.hold.amounts.input_tokens > 8_000


async def test_what_it_wrote_comes_back_and_is_kept_with_the_outcome(claude, backend):
    claude(
        "pathlib.Path('a.py').write_text('x = 2\\n'); pathlib.Path('b.py').unlink();"
        f"pathlib.Path('c.py').write_text('new\\n'); print(json.dumps({RESULT!r}))"
    )
    outcome = await done(backend, job({"a.py": b"x = 1\n", "b.py": b"y\n"}))
    assert outcome.files == {"a.py": b"x = 2\n", "c.py": b"new\n"}
    assert outcome.deleted_paths == {"b.py"}
    kept = kept_outcome.decoded(kept_outcome.encoded(outcome))
    assert (kept.files, kept.deleted_paths) == (outcome.files, outcome.deleted_paths)


async def test_an_exit_code_of_0_without_an_answer_is_a_failure(claude, backend):
    claude("print('{}')")
    outcome = await done(backend, job())
    assert isinstance(outcome.error, BackendUnavailable)
    assert outcome.is_usage_unknown


async def test_a_run_is_ended_at_its_time_and_partial_work_is_kept(claude, backend):
    claude("pathlib.Path('a.py').write_text('half\\n'); time.sleep(600)")
    outcome = await done(backend, job({"a.py": b"whole\n"}, duration_s=2.0))
    assert "ended at its bound" in outcome.summary
    assert outcome.files == {"a.py": b"half\n"}


async def test_a_cancelled_run_is_ended_and_charged_in_full(claude, backend, tmp_path):
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    claude(f"open({str(begun)!r}, 'w').write('x'); time.sleep(600)")
    work = await backend.prepared(job())
    running = asyncio.ensure_future(work.done())
    assert await asyncio.to_thread(begun.read_text) == "x"
    running.cancel()
    outcome = await running
    bill = Bill.of([(work.hold, outcome)], ())
    assert (outcome.is_cut, bill.source) == (True, quota_pb2.USAGE_SOURCE_HOLD)


async def test_one_that_is_not_logged_in_says_how_to(claude, backend):
    told = json.dumps({"type": "result", "is_error": True, "result": "Not logged in"})
    claude(f"print({told!r}); sys.exit(1)")
    with pytest.raises(FailedPrecondition, match="run `claude` and log in"):
        await done(backend, job())


@pytest.mark.parametrize(
    ("is_logged_in", "remedy"), [(True, ""), (False, "run `claude` and log in")]
)
async def test_a_cli_is_offered_by_its_name_alone(
    claude, tmp_path, monkeypatch, is_logged_in, remedy
):
    isolate(monkeypatch, tmp_path)
    claude("", is_logged_in=is_logged_in)
    async with Registry(ExecutorSettings.load(local_servers={})) as here:
        unnamed = await here.describe(planner_pb2.Task(), [], has_logs=False)
        named = planner_pb2.Task(requested_model="claude-code")
        offered = {one.backend_id: one for one in await here.describe(named, [], has_logs=False)}
        assert here.by_id("cli/claude-code").backend_id == "cli/claude-code"
    assert not any(one.backend_id.startswith("cli/") for one in unnamed)
    found = offered["cli/claude-code"]
    assert (found.is_available, found.remedy) == (is_logged_in, remedy)
    assert found.target.tier == ledger_pb2.BACKEND_TIER_LOGIN_CLI
    assert found.is_by_name_only
