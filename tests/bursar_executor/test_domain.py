"""A task is submitted once, recorded step by step, and ends exactly once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.errors import BursarError, Conflict, FailedPrecondition, NotFound
from bursar.eventlog.tentative import Undo, Untracked
from bursar.events.v1 import tasks_pb2
from bursar_executor import domain, wire
from bursar_executor.domain import (
    CancelRequested,
    Command,
    End,
    Ended,
    Event,
    Judge,
    Judged,
    Origin,
    RecordSteps,
    RequestCancel,
    StepBatch,
    StepsRecorded,
    Submit,
    Submitted,
    Tasks,
    Verdict,
    decide,
    evolve,
)

NOW_NS = 1_795_500_000_000_000_000
ORIGIN = Origin("default", "task_1", bytes(16), bytes(8))


def batch(number: int) -> StepBatch:
    steps = [tasks_pb2.StepRecord(step_number=number)]
    body = tasks_pb2.StepsRecorded(task_id="task_1", steps=steps)
    return StepBatch(number, body.SerializeToString())


def submitted_body(operation_id: str = "op", fingerprint: bytes = b"f") -> bytes:
    return tasks_pb2.TaskSubmitted(
        operation_id=operation_id, fingerprint=fingerprint, task_id="task_1"
    ).SerializeToString()


SUBMIT = Submit(ORIGIN, "op", b"f", submitted_body())


def after(*events: Event) -> Tasks:
    tasks = Tasks()
    for event in events:
        evolve(tasks, event, Untracked())
    return tasks


def test_a_new_task_is_taken():
    decided = decide(after(), SUBMIT, NOW_NS)

    assert decided.answer == "task_1"
    assert decided.events == (Submitted(ORIGIN, "op", b"f", SUBMIT.body),)


def test_the_same_submission_again_gives_the_same_task_and_causes_nothing():
    again = Submit(Origin("default", "task_2"), "op", b"f", b"")

    decided = decide(after(Submitted(ORIGIN, "op", b"f", SUBMIT.body)), again, NOW_NS)

    assert (decided.events, decided.answer) == ((), "task_1")


def test_the_same_operation_id_with_another_task_is_a_conflict():
    other = Submit(Origin("default", "task_2"), "op", b"other", b"")

    with pytest.raises(Conflict, match="use a new id"):
        decide(after(Submitted(ORIGIN, "op", b"f", SUBMIT.body)), other, NOW_NS)


def test_two_tenants_may_use_the_same_operation_id():
    other = Submit(Origin("other", "task_2"), "op", b"other", b"")

    assert decide(after(Submitted(ORIGIN, "op", b"f", SUBMIT.body)), other, NOW_NS).events


def test_a_task_ends_once_and_a_second_end_changes_nothing():
    begun = after(Submitted(ORIGIN, "op", b"f", SUBMIT.body))
    assert decide(begun, End(ORIGIN, b"end"), NOW_NS).events == (Ended(ORIGIN, b"end"),)

    evolve(begun, Ended(ORIGIN, b"end"), Untracked())

    assert decide(begun, End(ORIGIN, b"another"), NOW_NS).events == ()
    assert begun.entries["task_1"].ended_body == b"end"


def test_an_ended_task_takes_no_more_steps():
    ended = after(Submitted(ORIGIN, "op", b"f", SUBMIT.body), Ended(ORIGIN, b"end"))

    with pytest.raises(FailedPrecondition):
        decide(ended, RecordSteps(ORIGIN, batch(1)), NOW_NS)


def test_a_step_is_recorded_once_however_often_it_comes():
    begun = after(
        Submitted(ORIGIN, "op", b"f", SUBMIT.body), StepsRecorded(ORIGIN, StepBatch(1, b"s"))
    )

    assert decide(begun, RecordSteps(ORIGIN, StepBatch(1, b"s")), NOW_NS).events == ()
    assert decide(begun, RecordSteps(ORIGIN, StepBatch(2, b"s")), NOW_NS).events


def test_an_end_takes_along_the_steps_that_the_log_has_not():
    begun = after(
        Submitted(ORIGIN, "op", b"f", SUBMIT.body), StepsRecorded(ORIGIN, StepBatch(1, b"one"))
    )
    batches = (StepBatch(1, b"one"), StepBatch(2, b"two"))

    assert decide(begun, End(ORIGIN, b"end", batches), NOW_NS).events == (
        StepsRecorded(ORIGIN, StepBatch(2, b"two")),
        Ended(ORIGIN, b"end"),
    )


def test_a_task_is_judged_once_and_not_before_its_end():
    begun = after(Submitted(ORIGIN, "op", b"f", SUBMIT.body))
    with pytest.raises(FailedPrecondition, match="has not ended"):
        decide(begun, Judge(ORIGIN, Verdict.APPROVED), NOW_NS)

    evolve(begun, Ended(ORIGIN, b"end"), Untracked())
    assert decide(begun, Judge(ORIGIN, Verdict.REJECTED), NOW_NS).events == (
        Judged(ORIGIN, Verdict.REJECTED),
    )
    evolve(begun, Judged(ORIGIN, Verdict.REJECTED), Untracked())

    assert decide(begun, Judge(ORIGIN, Verdict.REJECTED), NOW_NS).events == ()
    with pytest.raises(FailedPrecondition, match="rejected before"):
        decide(begun, Judge(ORIGIN, Verdict.APPROVED), NOW_NS)


def test_an_ended_task_keeps_its_end_alone():
    tasks = after(
        Submitted(ORIGIN, "op", b"f", SUBMIT.body),
        StepsRecorded(ORIGIN, StepBatch(1, b"one")),
        Ended(ORIGIN, b"end"),
    )

    entry = tasks.entries["task_1"]
    assert (entry.submitted_body, entry.batches, entry.ended_body) == (b"", (), b"end")


def test_another_tenants_task_is_not_found():
    begun = after(Submitted(ORIGIN, "op", b"f", SUBMIT.body))

    with pytest.raises(NotFound):
        decide(begun, End(Origin("other", "task_1"), b""), NOW_NS)


def test_what_has_not_ended_is_what_a_new_owner_resumes():
    tasks = after(
        Submitted(ORIGIN, "op", b"f", SUBMIT.body),
        Submitted(Origin("default", "task_0"), "op0", b"f", b""),
        Ended(ORIGIN, b""),
    )

    assert [entry.origin.task_id for entry in tasks.running()] == ["task_0"]


def test_the_oldest_ended_tasks_are_let_go_with_their_operation_ids(monkeypatch):
    monkeypatch.setattr(domain, "ENDED_TASKS_KEPT", 2)
    tasks = Tasks()
    for number in range(3):
        origin = Origin("default", f"task_{number}")
        evolve(tasks, Submitted(origin, f"op{number}", b"f", b""), Untracked())
        evolve(tasks, Ended(origin, b""), Untracked())

    assert set(tasks.entries) == {"task_1", "task_2"}
    assert set(tasks.operations) == {("default", "op1"), ("default", "op2")}


@pytest.mark.parametrize(
    ("event", "command"),
    [
        (Submitted(ORIGIN, "op", b"f", submitted_body()), SUBMIT),
        (StepsRecorded(ORIGIN, batch(3)), RecordSteps(ORIGIN, batch(3))),
        (Ended(ORIGIN, b""), End(ORIGIN, b"")),
        (CancelRequested(ORIGIN), RequestCancel(ORIGIN)),
        (Judged(ORIGIN, Verdict.APPROVED), Judge(ORIGIN, Verdict.APPROVED)),
    ],
)
def test_every_event_comes_back_from_its_bytes_as_it_was(event: Event, command: Command):
    assert wire.decode(wire.encode(event, command, NOW_NS), 1) == event


commands = st.one_of(
    st.builds(
        Submit,
        st.sampled_from([ORIGIN, Origin("default", "task_2")]),
        st.sampled_from(["op", "op2"]),
        st.sampled_from([b"f", b"g"]),
        st.just(b""),
    ),
    st.builds(
        RecordSteps,
        st.just(ORIGIN),
        st.builds(StepBatch, st.integers(1, 5), st.just(b"")),
    ),
    st.builds(End, st.sampled_from([ORIGIN, Origin("default", "task_2")]), st.just(b"")),
    st.builds(RequestCancel, st.just(ORIGIN)),
)


@given(st.lists(commands, max_size=30))
def test_rewinding_takes_back_exactly_what_was_decided_after_the_mark(some: list[Command]):
    tasks, undo = Tasks(), Undo()
    for place, command in enumerate(some):
        if place == len(some) // 2:
            undo.forget()
            before = repr((tasks.entries, tasks.operations, tasks.ended_order, tasks.ended_count))
        try:
            decided = decide(tasks, command, NOW_NS)
        except BursarError:
            continue
        for event in decided.events:
            evolve(tasks, event, undo)
    if some:
        undo.rewind()
        after_rewind = (tasks.entries, tasks.operations, tasks.ended_order, tasks.ended_count)
        assert sorted(repr(after_rewind)) == sorted(before)
