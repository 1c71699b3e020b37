"""A retry under the same id never pays twice, as far as this process remembers."""

import pytest

from bursar.errors import Conflict, OutcomeUnknown, Unavailable
from bursar.executor.v1 import executor_pb2
from bursar_executor.generation.operations import (
    ANSWER_BYTES_KEPT_MAX,
    Operations,
    Stage,
    keep,
)

TEXT = executor_pb2.GenerateResponse(text="hello")


@pytest.fixture
def operations():
    return Operations()


def ended(operations, stage):
    operation = operations.begun("call_1", b"content")
    operation.stage = stage
    return operation


def test_a_call_that_has_not_ended_is_waited_for(operations):
    operations.begun("call_1", b"content")

    with pytest.raises(Unavailable) as refused:
        operations.begun("call_1", b"content")
    assert refused.value.retry_after_ns


def test_the_same_id_with_other_content_is_a_conflict(operations):
    ended(operations, Stage.PAID)

    with pytest.raises(Conflict):
        operations.begun("call_1", b"other")


def test_what_took_nothing_is_tried_again_under_another_number(operations):
    assert ended(operations, Stage.UNPAID).number == 1

    again = operations.begun("call_1", b"content")

    assert (again.number, again.stage) == (2, Stage.UNDER_WAY)


def test_what_was_denied_gets_the_same_answer_of_quota(operations):
    ended(operations, Stage.DENIED)

    assert operations.begun("call_1", b"content").number == 1


def test_an_answer_that_was_paid_for_is_given_again(operations):
    keep(ended(operations, Stage.PAID), [TEXT])

    assert operations.begun("call_1", b"content").parts == (TEXT,)


def test_an_answer_that_was_paid_for_and_not_kept_is_not_paid_for_again(operations):
    keep(
        ended(operations, Stage.PAID),
        [executor_pb2.GenerateResponse(text="x" * ANSWER_BYTES_KEPT_MAX)],
    )

    with pytest.raises(OutcomeUnknown, match="new operation id"):
        operations.begun("call_1", b"content")


def test_a_caller_that_left_before_anything_was_sent_may_come_again(operations):
    operations.begun("call_1", b"content").let_go()

    assert operations.begun("call_1", b"content").number == 2


def test_a_caller_that_left_after_it_was_sent_is_not_served_twice(operations):
    ended(operations, Stage.PAID).let_go()

    with pytest.raises(OutcomeUnknown):
        operations.begun("call_1", b"content")
