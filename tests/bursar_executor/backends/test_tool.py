"""A tool works on a copy, and what it did is counted."""

import sys
from pathlib import Path

import pytest

from bursar.errors import DeadlineExceeded, FailedPrecondition
from bursar_executor.backends.backend import Job
from bursar_executor.backends.tool import COLD_ALLOWANCE_S, WARM_ALLOWANCE_S, ToolBackend
from bursar_executor.subprocesses.command import Bounds
from bursar_executor.tools.bench import Bench
from bursar_executor.tools.outcome import Finding, Meaning, Reading
from bursar_executor.tools.registry import by_name
from bursar_executor.tools.tool import Call, ToolSpec


def job(**files):
    return Job(
        description="tidy",
        files={f"{name}.py": content for name, content in files.items()},
        context="",
        max_output_tokens=1,
        max_duration_s=5.0,
    )


async def done(backend, its_job):
    return await (await backend.prepared(its_job)).done()


@pytest.fixture
def bench(subprocesses):
    return Bench(subprocesses)


def program(bench, code, read, wall_s=30.0):
    """A tool that is a line of Python."""
    spec = ToolSpec(
        name="line",
        capabilities=frozenset({"linting"}),
        patterns=("*.py",),
        remedy="",
        locate=lambda origin: (sys.executable,),
        check=lambda workplace: (Call(("-c", code), workplace.root),),
        read=read,
        version_arguments=(),
        bounds=Bounds(wall_s=wall_s),
    )
    return ToolBackend(spec, bench)


@pytest.fixture
def ruff(bench):
    return ToolBackend(by_name("ruff-check"), bench)


async def test_what_it_mends_comes_back_as_files_and_is_counted(ruff):
    its_job = job(a=b"import os\n", b=b"x = 1\n")

    outcome = await done(ruff, its_job)

    assert outcome.files == {"a.py": b""}
    assert outcome.read_paths == {"a.py", "b.py"}
    assert outcome.summary == "ruff-check: 1 of 1 findings fixed, 0 left, 1 file changed"
    assert [finding.is_fixed for finding in outcome.findings] == [True]
    assert its_job.files["a.py"] == b"import os\n"


async def test_where_nothing_is_to_be_mended_nothing_changes(ruff):
    outcome = await done(ruff, job(a=b"x = 1\n"))

    assert (outcome.files, outcome.findings) == ({}, ())
    assert outcome.summary == "ruff-check: nothing to mend"


async def test_what_it_cannot_mend_is_left_and_is_no_error(ruff):
    outcome = await done(ruff, job(a=b"print(undefined)\n"))

    assert outcome.files == {}
    assert outcome.error is None
    assert outcome.summary == "ruff-check: 0 of 1 findings fixed, 1 left"


async def test_only_files_that_are_its_business_are_read(bench):
    backend = program(bench, "", lambda result: Reading(Meaning.CLEAN))
    its_job = job(a=b"x = 1\n")
    its_job.files["notes.md"] = b"words"

    assert (await done(backend, its_job)).read_paths == {"a.py"}
    assert backend.takes([]) and backend.takes(["x/a.py", "notes.md"])
    assert not backend.takes(["notes.md"])


@pytest.mark.parametrize(
    ("meaning", "error"),
    [(Meaning.FAILED, FailedPrecondition), (Meaning.TIMED_OUT, DeadlineExceeded)],
)
async def test_a_tool_that_could_not_do_its_work_says_why(bench, meaning, error):
    backend = program(bench, "", lambda result: Reading(meaning, detail="no such option"))

    outcome = await done(backend, job(a=b""))

    assert isinstance(outcome.error, error)
    assert outcome.summary == "line could not finish: no such option"


async def test_a_tool_that_takes_too_long_is_ended(bench):
    backend = program(
        bench, "import time; time.sleep(60)", lambda result: Reading(Meaning.CLEAN), wall_s=0.2
    )

    assert isinstance((await done(backend, job(a=b""))).error, DeadlineExceeded)


async def test_findings_are_told_with_their_places(bench):
    finding = Finding("a.py", 3, 7, "E1", "wrong")
    backend = program(bench, "", lambda result: Reading(Meaning.FINDINGS, (finding,)))

    (told,) = (await done(backend, job(a=b""))).findings

    assert (told.path, told.line, told.column, told.code) == ("a.py", 3, 7, "E1")


async def test_only_its_first_start_may_take_long(ruff):
    assert ruff.start_allowance_s == COLD_ALLOWANCE_S

    await done(ruff, job(a=b""))

    assert ruff.start_allowance_s == WARM_ALLOWANCE_S


async def test_its_version_is_part_of_what_its_results_depend_on(ruff):
    assert (await ruff.version(None)).startswith("ruff-check ruff 0.")
    assert await ruff.version(None) == await ruff.version(Path("/"))


@pytest.mark.parametrize(("name", "is_repeatable"), [("ruff-format", True), ("pytest", False)])
def test_what_depends_on_a_whole_project_is_not_repeatable(bench, name, is_repeatable):
    assert ToolBackend(by_name(name), bench).is_repeatable is is_repeatable
