"""`bursar run` as a person types it, on real files, through real processes and a real broker."""

import asyncio
import json
import os
import pty
import subprocess

import pytest

from bursar.client import Client
from bursar.quota.v1 import quota_pb2
from bursar_command import Command, ended, parsed
from executor_parts import FAILED_LOG

pytestmark = [pytest.mark.broker, pytest.mark.xdist_group("run")]

FAULTY = "import os\nimport sys\nprint( sys.argv )\n"
MENDED = "import sys\n\nprint(sys.argv)\n"


@pytest.fixture(scope="module")
def bursar(tmp_path_factory):
    """One data directory for all of this file, and the instance that its first command starts."""
    command = Command(tmp_path_factory.mktemp("data"))
    yield command
    command.end()


@pytest.fixture
def here(tmp_path):
    (tmp_path / "a.py").write_text(FAULTY)
    return tmp_path


def git(cwd, *arguments):
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)


def test_tools_mend_files_and_the_diff_is_shown_before_anything_is_written(bursar, here):
    shown = bursar.run("run", "tidy these", "a.py", cwd=here)

    assert shown.returncode == 0, shown.stderr
    assert "-import os\n" in shown.stdout
    assert "completed: ruff-check: 2 of 2 findings fixed" in shown.stdout
    assert "spent   0 tokens in, 0 out · 0 nano-USD ($0.00)" in shown.stdout
    assert "audit   bursar audit task_" in shown.stdout
    assert "✓ execute  ruff-format" in shown.stderr
    assert (here / "a.py").read_text() == FAULTY

    again = bursar.run("run", "tidy these", "a.py", "--apply", cwd=here)

    assert again.returncode == 0, again.stderr
    assert "in the memory cache: nothing has to be done again" in again.stderr
    assert "saved   the whole work · response cache exact" in again.stdout
    assert again.stdout.splitlines()[-1] == "applied to a.py"
    assert (here / "a.py").read_text() == MENDED


def test_what_an_earlier_instance_did_is_answered_from_the_disk(bursar, here):
    first = bursar.run_json("run", "lint", "a.py", cwd=here)
    bursar.end()

    second = bursar.run_json("run", "lint", "a.py", cwd=here)

    lookup = next(
        found["summary"]
        for found in second.objects
        if found.get("name") == "STEP_NAME_LOOKUP" and found["state"] != "STEP_STATE_STARTED"
    )
    assert lookup == "in the disk cache: nothing has to be done again"
    assert second.result["is_from_cache"]
    assert second.result["changes"] == first.result["changes"]
    assert second.result["task_id"] != first.result["task_id"]


def test_each_step_is_a_json_object_and_the_result_is_the_last(bursar, here):
    done = bursar.run_json("run", "why did this fail", "-", cwd=here, stdin=FAILED_LOG.decode())

    assert done.code == 0
    assert [found["type"] for found in done.objects[-2:]] == ["step", "result"]
    assert "execute completed" in done.steps
    (failing,) = done.result["failing_tests"]
    assert failing["test"] == "test_cart.py::test_total"
    assert all(isinstance(found["step_number"], str) for found in done.objects[:-1])


def test_a_log_alone_on_standard_input_is_read_for_what_failed(bursar, here):
    done = bursar.run("run", "-", cwd=here, stdin=FAILED_LOG.decode())

    assert done.returncode == 0, done.stderr
    assert "FAILED test_cart.py::test_total\n  at test_cart.py:2\n" in done.stdout


def test_what_nothing_here_can_do_ends_with_the_remedy_and_costs_nothing(bursar, here):
    done = bursar.run_json("run", "write docstrings", "a.py", cwd=here)

    assert done.code == 4
    assert "execute unavailable" in done.steps
    assert "reserve skipped" in done.steps
    assert "_API_KEY" in done.result["summary"]
    assert "settle completed" not in done.steps


async def test_what_a_limit_denies_is_not_done(bursar, here):
    async with Client.at(bursar.instance.address("grpc_address")) as client:
        limit = quota_pb2.Limit(
            selector=quota_pb2.Selector(tenant_id="default"),
            meter=quota_pb2.METER_REQUESTS,
            window=quota_pb2.WINDOW_LIFETIME,
        )
        limit_id = await client.limit(limit, author="ann")
        arguments = ("run", "lint this too", "a.py")
        done = await asyncio.to_thread(bursar.run_json, *arguments, cwd=here)
        await client.services.quota.delete_limit(
            quota_pb2.DeleteLimitRequest(limit_id=limit_id, author="ann")
        )

    assert done.code == 3
    assert done.steps[-2:] == ["reserve denied", "report completed"]
    assert "1 asked for, 0 of 0 left" in done.result["summary"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "WORDS"),
        (["run", "tidy", "nowhere.py"], "nowhere.py: there is no such file"),
        (["run", "tidy", "picture.png"], "picture.png"),
        (["run", "tidy"], "name the files to work on"),
        (["run", "tidy", "a.py", "--hint", "7"], "complexity_hint"),
        (["run", " ", "a.py"], "task.description"),
        (["run", "hello", "--model", "gpt-none"], "there is no model 'gpt-none'"),
        (["run", "tidy", "a.py", "--nonsense"], "--nonsense"),
    ],
)
def test_bad_usage_is_one_clear_line_and_its_own_exit_code(bursar, here, arguments, words):
    (here / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")

    done = bursar.run(*arguments, cwd=here)

    assert done.returncode == 2, done.stderr
    assert words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert (here / "a.py").read_text() == FAULTY


def test_a_person_at_a_terminal_is_asked_which_files(bursar, here):
    person, terminal = pty.openpty()
    try:
        process = bursar.start("run", "lint", "--json", cwd=here, stdin=terminal)
        os.write(person, b"a.py\n")
        done = ended(process)
    finally:
        os.close(person)
        os.close(terminal)

    assert done.returncode == 0, done.stderr
    assert "Which files" in done.stderr
    assert parsed(done.stdout)[-1]["changes"][0]["path"] == "a.py"


def test_in_a_repository_without_files_it_takes_those_that_changed(bursar, here):
    (here / "same.py").write_text(FAULTY)
    git(here, "init", "-q")
    git(here, "add", ".")
    git(here, "commit", "-q", "-m", "begin")
    (here / "a.py").write_text(FAULTY + "print( 2 )\n")

    done = bursar.run_json("run", "tidy", "--apply", cwd=here)

    assert [change["path"] for change in done.result["changes"]] == ["a.py"]
    assert done.objects[-1] == {"type": "applied", "paths": ["a.py"]}
    assert (here / "same.py").read_text() == FAULTY
    assert (here / "a.py").read_text() == MENDED + "print(2)\n"


def test_a_diff_on_standard_input_is_somebodys_to_review(bursar, here):
    done = bursar.run_json("run", "-", cwd=here, stdin="diff --git a/a.py b/a.py\n-x\n+y\n")

    assert done.code == 4
    assert "code_review" in done.result["summary"]


def test_the_audit_has_every_event_of_a_task_with_its_place_in_the_log(bursar, here):
    done = bursar.run_json("run", "format", "a.py", cwd=here)

    told = bursar.run("audit", done.result["task_id"], "--json", cwd=here)

    entries = [json.loads(line) for line in told.stdout.splitlines()]
    found = [entry["kind"] for entry in entries]
    assert found[0] == "task.submitted"
    assert found.count("task.ended") == 1
    assert {"usage.reserved", "usage.settled"} <= {*found}
    assert {entry["trace_id"] for entry in entries} == {done.result["trace_id"]}
    assert all(entry["frame_hash"] for entry in entries)
