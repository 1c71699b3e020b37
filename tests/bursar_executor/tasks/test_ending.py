"""A result is kept while the last steps are done, and whole again when it is read."""

from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar_executor.domain import Origin
from bursar_executor.tasks.ending import whole_again, without_its_result

REPORT, SETTLE = executor_pb2.STEP_NAME_REPORT, executor_pb2.STEP_NAME_SETTLE
ORIGIN = Origin("acme", "task_1", b"t" * 16, b"s" * 8)


def test_what_was_kept_gets_its_last_steps_and_its_length_back():
    ended = tasks_pb2.TaskEnded(
        duration_ns=7,
        closing_steps=[
            executor_pb2.Step(step_number=2, name=SETTLE, summary="paid"),
            executor_pb2.Step(step_number=3, name=REPORT),
        ],
    )
    kept = executor_pb2.GetResponse(
        steps=[executor_pb2.Step(step_number=1)],
        result=executor_pb2.TaskResult(summary="all is well"),
    )

    whole = whole_again(ended, kept)

    assert [(step.step_number, step.summary) for step in whole.steps] == [
        (1, ""),
        (2, "paid"),
        (3, "all is well"),
    ]
    assert whole.result.duration_ns == 7


def test_of_a_result_that_is_gone_the_log_still_has_what_it_took():
    ended = tasks_pb2.TaskEnded(
        task_id="task_1", state=executor_pb2.TASK_STATE_FAILED, error_reason="NOT_FOUND"
    )
    ended.cost.total_nano_usd = 5

    known = without_its_result(ended, ORIGIN)

    assert known.state == known.result.state == executor_pb2.TASK_STATE_FAILED
    assert (known.result.cost.total_nano_usd, known.result.error_reason) == (5, "NOT_FOUND")
    assert known.result.trace_id == "74" * 16
