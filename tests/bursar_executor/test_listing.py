"""Tasks are listed newest first, each tenant's own, page by page."""

import pytest

from bursar.errors import InvalidRequest
from bursar.eventlog.tentative import Untracked
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar_executor.domain import Ended, Origin, Submitted, Tasks, evolve
from bursar_executor.listing import PAGE_SIZE_MAX, page_of

RUNNING, COMPLETED = executor_pb2.TASK_STATE_RUNNING, executor_pb2.TASK_STATE_COMPLETED


def tasks_of(count: int, ended: int = 0, tenant_id: str = "default") -> Tasks:
    tasks = Tasks()
    body = tasks_pb2.TaskEnded(state=COMPLETED, duration_ns=7).SerializeToString()
    for number in range(count):
        origin = Origin(tenant_id, f"task_{number:02}", b"t" * 16)
        evolve(tasks, Submitted(origin, f"op{number}", b"", b""), Untracked())
        if number < ended:
            evolve(tasks, Ended(origin, body), Untracked())
    return tasks


def listed(tasks, **fields):
    answer = page_of(tasks, executor_pb2.ListRequest(**fields))
    return [task.task_id for task in answer.tasks], answer.next_page_token


def test_the_newest_come_first_and_pages_follow_one_another():
    tasks = tasks_of(5)

    first, token = listed(tasks, page_size=2)
    second, token = listed(tasks, page_size=2, page_token=token)
    third, end = listed(tasks, page_size=2, page_token=token)

    assert first + second + third == [f"task_{number:02}" for number in (4, 3, 2, 1, 0)]
    assert end == ""


def test_a_page_that_just_holds_all_is_the_last():
    assert listed(tasks_of(2), page_size=2) == (["task_01", "task_00"], "")


def test_a_state_leaves_out_the_others():
    tasks = tasks_of(3, ended=1)

    assert listed(tasks, state=COMPLETED)[0] == ["task_00"]
    assert listed(tasks, state=RUNNING)[0] == ["task_02", "task_01"]


def test_an_ended_task_tells_what_its_end_told():
    (task,) = page_of(tasks_of(1, ended=1), executor_pb2.ListRequest()).tasks

    assert (task.state, task.duration_ns, task.trace_id) == (COMPLETED, 7, "74" * 16)


def test_another_tenants_tasks_are_not_listed():
    assert listed(tasks_of(2, tenant_id="other")) == ([], "")


@pytest.mark.parametrize("page_size", [-1, PAGE_SIZE_MAX + 1])
def test_a_page_size_that_cannot_be_is_refused(page_size):
    with pytest.raises(InvalidRequest):
        listed(tasks_of(0), page_size=page_size)
