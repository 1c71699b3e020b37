"""Two tasks are the same when everything is that changes their result."""

import pytest

from bursar_executor.tasks.answer_key import DoneBy, canonical_form
from bursar_executor.tasks.request import checked
from executor_parts import task_request

DONE_BY = DoneBy(("ruff 1",), "settings")
FILES = {"a.py": b"a", "b.py": b"b"}


def form(description="tidy", files=FILES, needed=("linting",), done_by=DONE_BY, model="", **more):
    request = checked(task_request(description, files=files, model=model, **more))
    return canonical_form(request, needed, done_by)


def test_the_order_of_files_and_needs_is_no_difference():
    turned = {"b.py": b"b", "a.py": b"a"}

    assert form(files=turned, needed=("x", "y")) == form(needed=("y", "x"))


def test_who_asks_under_which_operation_is_no_difference():
    assert form(operation_id="other") == form()


@pytest.mark.parametrize(
    "difference",
    [
        {"description": "tidy!"},
        {"files": {**FILES, "b.py": b"c"}},
        {"files": {"a.py": b"a", "c.py": b"b"}},
        {"needed": ("formatting",)},
        {"model": "qwen"},
        {"done_by": DoneBy(("ruff 2",), "settings")},
        {"done_by": DoneBy(("ruff 1",), "other settings")},
    ],
)
def test_everything_that_changes_the_result_is_a_difference(difference):
    assert form(**difference) != form()


def test_no_word_of_a_file_is_in_the_form():
    assert b"secret" not in form(files={"a.py": b"secret"})
