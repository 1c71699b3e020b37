"""An observed event says what happened, for whom and when, under an id of its own."""

from __future__ import annotations

import uuid

from bursar.eventlog.envelope import new_event_id, observed_event, origin_of
from bursar.events.v1 import event_pb2
from bursar.ledger.v1 import ledger_pb2

AT_NS = 1_782_900_000_123_456_789


def test_an_event_carries_its_origin_and_may_be_skipped():
    attribution = ledger_pb2.Attribution(
        tenant_id="acme", task_id="task_1", call_id="call_1", cause_id="cause_1"
    )
    written = observed_event("cache.hit", b"payload", origin_of(attribution, b"t", b"s"), AT_NS)
    event = event_pb2.Event.FromString(written)

    assert (event.kind, event.schema_version, event.payload) == ("cache.hit", 1, b"payload")
    assert (event.tenant_id, event.task_id) == ("acme", "task_1")
    assert (event.call_id, event.cause_id) == ("call_1", "cause_1")
    assert (event.trace_id, event.span_id, event.at_ns) == (b"t", b"s", AT_NS)
    assert event.skippable


def test_who_names_no_tenant_is_the_default_one():
    assert origin_of(ledger_pb2.Attribution()).tenant_id == "default"


def test_ids_are_unique_uuids_of_version_7_that_sort_by_time():
    ids = [new_event_id(AT_NS) for _ in range(1_000)]
    parsed = [uuid.UUID(each) for each in ids]

    assert len(set(ids)) == 1_000
    assert {(each.version, each.variant) for each in parsed} == {(7, uuid.RFC_4122)}
    assert {each.int >> 80 for each in parsed} == {AT_NS // 1_000_000}
    assert [str(each) for each in parsed] == ids
    assert max(ids) < new_event_id(AT_NS + 1_000_000)
