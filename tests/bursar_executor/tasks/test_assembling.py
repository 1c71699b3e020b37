"""A result is all outcomes as one, within the bounds of an answer."""

import pytest

from bursar.errors import (
    BackendUnavailable,
    BursarError,
    DeadlineExceeded,
    InvalidRequest,
    LimitExceeded,
    NotFound,
    OutcomeUnknown,
    Overloaded,
)
from bursar.executor.v1 import executor_pb2
from bursar_executor.backends.backend import Outcome
from bursar_executor.backends.free_work import FREE
from bursar_executor.tasks import assembling, changes
from bursar_executor.tasks.assembling import Progress, assembled, state_after
from bursar_executor.tasks.assignment import Assignments
from bursar_executor.tasks.changes import changes_between, shown, told
from bursar_executor.tasks.failures import Cancelled, Interrupted

NOBODY_MISSING = Assignments(())


async def result_of(*outcomes, original=None, present=None, assignments=NOBODY_MISSING):
    progress = Progress(present or {}, outcomes=list(outcomes))
    return await assembled(original or {}, progress, assignments)


async def test_outcomes_come_together_in_their_order():
    finding = executor_pb2.Finding(path="a.py", code="F401")
    result = await result_of(
        Outcome("first", text="one", findings=(finding,)), Outcome("second", text="two")
    )

    assert result.state == executor_pb2.TASK_STATE_COMPLETED
    assert (result.summary, result.text) == ("first; second", "one\n\ntwo")
    assert [found.code for found in result.findings] == ["F401"]


async def test_the_first_error_is_that_of_the_task():
    result = await result_of(
        Outcome("one"), Outcome("two", error=NotFound("x")), Outcome("three", error=Overloaded("y"))
    )

    assert result.state == executor_pb2.TASK_STATE_FAILED
    assert result.error_reason == "NOT_FOUND"


async def test_what_nobody_did_makes_it_unavailable_with_the_remedy():
    missing = Assignments((), ("poetry",), ("call a poet",))

    result = await result_of(Outcome("linted"), assignments=missing)

    assert result.state == executor_pb2.TASK_STATE_UNAVAILABLE
    assert result.summary == "linted; not done: poetry; call a poet"


def test_new_changed_and_deleted_files_are_told_apart():
    progress = Progress({"a": b"1", "b": b"2"})
    progress.take(FREE, Outcome("", files={"a": b"one", "c": b"3"}, deleted_paths=frozenset("b")))

    changed, deleted, new = told(changes_between({"a": b"1", "b": b"2"}, progress.files))

    assert (changed.path, changed.content, changed.is_deleted) == ("a", b"one", False)
    assert (deleted.path, deleted.content, deleted.is_deleted) == ("b", b"", True)
    assert (new.path, new.original_sha256, new.is_deleted) == ("c", b"", False)


async def test_only_files_that_differ_are_changes():
    result = await result_of(
        original={"a.py": b"1\n", "b.py": b"2\n"}, present={"a.py": b"1\n", "b.py": b"3\n"}
    )

    assert [change.path for change in result.changes] == ["b.py"]
    assert "-2\n+3\n" in result.diff
    assert "a.py" not in result.diff


async def test_a_result_too_large_for_an_answer_fails_and_says_so(monkeypatch):
    monkeypatch.setattr(assembling, "RESULT_BYTES_MAX", 1_000)

    fits = await result_of(original={"a": b""}, present={"a": b"x" * 200})
    result = await result_of(original={"a": b""}, present={"a": b"x" * 2_000})

    assert fits.state == executor_pb2.TASK_STATE_COMPLETED
    assert (result.state, result.error_reason) == (
        executor_pb2.TASK_STATE_FAILED,
        "RESULT_TOO_LARGE",
    )
    assert not result.changes


async def test_of_changes_too_long_to_compare_the_diff_says_only_that_they_changed(monkeypatch):
    monkeypatch.setattr(changes, "AT_ONCE_BYTES_MAX", 10)
    monkeypatch.setattr(changes, "COMPARED_BYTES_MAX", 100)
    found = changes_between(
        {"long": b"a\n" * 100, "short": b"1\n"}, {"long": b"b\n" * 100, "short": b"2\n"}
    )

    diff = await shown(found)

    assert "# long changed in more than is shown here\n" in diff
    assert "-1\n+2\n" in diff


async def test_a_diff_ends_where_it_would_be_too_long(monkeypatch):
    monkeypatch.setattr(changes, "AT_ONCE_BYTES_MAX", 10)
    monkeypatch.setattr(changes, "DIFF_BYTES_MAX", 200)
    before = {f"{number}": b"a\n" * 20 for number in range(5)}
    after = {path: b"b\n" * 20 for path in before}

    diff = await shown(changes_between(before, after))

    assert diff.count("is shown here") == 4
    assert diff.count("+b") == 20


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (LimitExceeded("x"), "DENIED"),
        (BackendUnavailable("x"), "UNAVAILABLE"),
        (Overloaded("x"), "UNAVAILABLE"),
        (Cancelled("x"), "CANCELLED"),
        (Interrupted("x"), "FAILED"),
        (OutcomeUnknown("x"), "FAILED"),
        (InvalidRequest("x"), "FAILED"),
        (NotFound("x"), "FAILED"),
        (DeadlineExceeded("x"), "FAILED"),
    ],
)
def test_an_error_says_what_became_of_the_task(error: BursarError, state):
    assert executor_pb2.TaskState.Name(state_after(error)) == f"TASK_STATE_{state}"
