"""What a tool found before another one changed its files has to be looked for again."""

from bursar.errors import FailedPrecondition
from bursar.executor.v1 import executor_pb2
from bursar_executor.backends.backend import Outcome
from bursar_executor.tasks.looking_again import outdated, without_what_is_left

LEFT = executor_pb2.Finding(path="a.py", code="E701")
FIXED = executor_pb2.Finding(path="a.py", code="F401", is_fixed=True)
A = frozenset({"a.py"})


def linted(*findings, **more):
    return Outcome("linted", findings=findings, read_paths=A, **more)


def formatted(path="a.py"):
    return Outcome("formatted", files={path: b""}, read_paths=frozenset({path}))


def test_findings_that_are_left_in_files_changed_later_are_outdated():
    assert outdated([linted(LEFT), formatted()]) == [0]


def test_findings_in_files_that_nobody_changed_later_are_not():
    assert outdated([formatted(), linted(LEFT)]) == []
    assert outdated([linted(LEFT), formatted("b.py")]) == []


def test_what_a_tool_changed_itself_is_no_reason_for_it_to_look_again():
    assert outdated([linted(LEFT, files={"a.py": b""})]) == []


def test_who_has_nothing_left_or_failed_need_not_look_again():
    failed = linted(LEFT, error=FailedPrecondition("x"))

    assert outdated([linted(FIXED), failed, linted(), formatted()]) == []


def test_what_was_mended_stays_told():
    assert without_what_is_left(linted(FIXED, LEFT)).findings == (FIXED,)
