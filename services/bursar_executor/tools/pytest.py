"""pytest: runs the tests among the files, in a copy of their project."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import PurePosixPath

from bursar_executor.logs.reading import read as read_log
from bursar_executor.subprocesses.command import Bounds, CommandResult
from bursar_executor.tools.locating import of_project
from bursar_executor.tools.outcome import Finding, Meaning, Reading
from bursar_executor.tools.tool import Call, ToolSpec, Workplace

TEST_FILES = ("test_*.py", "*_test.py")
NO_TESTS_COLLECTED = 5
PLAIN = ("-q", "--tb=short", "-rfE", "--color=no", "-p", "no:cacheprovider")


def check(workplace: Workplace) -> tuple[Call, ...]:
    """The test files among the given ones; all tests where none is among them.

    An editable installation of the project names the originals, so the copy is put before it.
    """
    tests = tuple(f"./{path}" for path in workplace.paths if _is_test(path))
    search = f"{workplace.root}:{workplace.root / 'src'}"
    return (Call((*PLAIN, *tests), workplace.root, {"PYTHONPATH": search}),)


def read(result: CommandResult) -> Reading:
    """Each test that fails or cannot run is a finding, read from the log as any other."""
    text = result.stdout.decode(errors="replace")
    log = read_log(text)
    if result.exit_code == NO_TESTS_COLLECTED:
        return Reading(Meaning.CLEAN, detail="there are no tests among the files")
    if log is None or result.exit_code not in {0, 1, 2}:
        said = (result.stderr.decode(errors="replace").strip() or text.strip()).splitlines()
        return Reading(Meaning.FAILED, detail=said[-1] if said else f"exit {result.exit_code}")
    findings = tuple(
        Finding(
            path=test.file,
            line=test.line,
            column=0,
            code=test.test.partition("::")[2] or test.test,
            message=test.error,
        )
        for test in log.failing
    )
    summary = log.summary
    counted = f"{summary.passed} passed, {summary.failed} failed, {summary.errors} errors"
    return Reading(Meaning.FINDINGS if findings else Meaning.CLEAN, findings, counted)


def _is_test(path: str) -> bool:
    return any(fnmatch(PurePosixPath(path).name, pattern) for pattern in TEST_FILES)


PYTEST = ToolSpec(
    name="pytest",
    capabilities=frozenset({"testing"}),
    patterns=("*.py",),
    remedy="pip install pytest",
    locate=of_project("pytest", ".venv/bin"),
    check=check,
    read=read,
    bounds=Bounds(wall_s=300.0, stdout_bytes=4 << 20),
    needs_project=True,
)
