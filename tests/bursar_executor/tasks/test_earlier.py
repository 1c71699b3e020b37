"""What earlier owners left: read from their steps alone."""

import pytest

from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar_executor.tasks.earlier import Earlier

STARTED, COMPLETED, FAILED = (
    executor_pb2.STEP_STATE_STARTED,
    executor_pb2.STEP_STATE_COMPLETED,
    executor_pb2.STEP_STATE_FAILED,
)


def step(name, state=COMPLETED, reservation="", attempt=1, **fields):
    return tasks_pb2.StepRecord(
        name=executor_pb2.StepName.Value(f"STEP_NAME_{name}"),
        state=state,
        reservation_id=reservation,
        attempt=attempt,
        **fields,
    )


def earlier(*steps):
    return Earlier.of([tasks_pb2.StepsRecorded(steps=steps).SerializeToString()])


RESERVED = step("RESERVE", reservation="r1")
MODEL_BEGUN = step("EXECUTE", STARTED, "r1", backend_id="x/opus")
MODEL_DONE = step("EXECUTE", COMPLETED, "r1", backend_id="x/opus", detail_reference="blob")
TOOL_BEGUN = step("EXECUTE", STARTED, backend_id="tool/ruff-check")
SETTLED = step("SETTLE", reservation="r1")


def test_a_task_that_nobody_began_has_no_attempts():
    assert (earlier().attempts, earlier().open_holds()) == (0, ())


def test_attempts_are_counted_by_the_last_owner():
    assert earlier(step("PLAN"), step("PLAN", attempt=2)).attempts == 2


def test_a_hold_is_open_until_it_is_settled():
    assert [hold.reserved for hold in earlier(RESERVED).open_holds()] == [RESERVED]
    assert earlier(RESERVED, SETTLED).open_holds() == ()


def test_a_denied_reservation_holds_nothing():
    assert earlier(step("RESERVE", executor_pb2.STEP_STATE_DENIED)).open_holds() == ()


def test_a_settlement_that_failed_leaves_its_hold_open():
    assert earlier(RESERVED, step("SETTLE", FAILED, "r1")).open_holds()


@pytest.mark.parametrize(
    ("steps", "is_begun", "is_in_doubt"),
    [
        ((), False, False),
        ((TOOL_BEGUN,), False, False),
        ((MODEL_BEGUN,), True, True),
        ((MODEL_BEGUN, MODEL_DONE), True, False),
        ((MODEL_BEGUN, MODEL_DONE, MODEL_BEGUN), True, True),
    ],
)
def test_only_a_models_work_that_began_and_did_not_end_is_in_doubt(steps, is_begun, is_in_doubt):
    (hold,) = earlier(RESERVED, *steps).open_holds()

    assert (hold.is_begun, hold.is_in_doubt) == (is_begun, is_in_doubt)


def test_an_outcome_that_was_kept_is_paid_for_also_when_it_failed():
    cut = step("EXECUTE", FAILED, "r1", detail_reference="blob2")

    assert earlier(RESERVED, MODEL_BEGUN, MODEL_DONE, cut).paid_for == (MODEL_DONE, cut)
    assert earlier(MODEL_BEGUN, step("EXECUTE", COMPLETED)).paid_for == ()


def test_steps_are_told_again_under_their_numbers():
    (told,) = earlier(step("PLAN", step_number=3, duration_ns=5)).told()

    assert (told.step_number, told.duration_ns) == (3, 5)
    assert told.state == COMPLETED


CHARGED = step("SETTLE", reservation="r1", usage={"output_tokens": 125})


@pytest.mark.parametrize(
    ("steps", "calls"),
    [
        ((), 0),
        ((TOOL_BEGUN,), 0),
        ((MODEL_BEGUN,), 0),
        ((MODEL_BEGUN, SETTLED), 0),
        ((MODEL_BEGUN, CHARGED), 1),
        ((MODEL_BEGUN, MODEL_DONE), 1),
        ((MODEL_BEGUN, MODEL_DONE, CHARGED), 1),
        ((MODEL_BEGUN, MODEL_DONE, MODEL_BEGUN, MODEL_DONE), 2),
    ],
)
def test_a_model_was_asked_where_it_answered_or_was_charged(steps, calls):
    assert earlier(RESERVED, *steps).calls == calls
