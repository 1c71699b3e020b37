"""An event of every released schema still reads, folds and tells what it told."""

from __future__ import annotations

import pytest

from bursar.events.v1 import event_pb2
from contracts.golden_events import PAYLOADS, envelope, path_of

KINDS = [(stream, kind) for stream, kinds in PAYLOADS.items() for kind in kinds]


def golden(stream: str, kind: str) -> event_pb2.Event:
    path = path_of(stream, kind)
    assert path.exists(), f"run tests/contracts/golden_events.py to add {path.name}"
    return event_pb2.Event.FromString(path.read_bytes())


@pytest.mark.parametrize(("stream", "kind"), KINDS)
def test_no_field_of_a_released_payload_has_gone_or_changed_its_type(stream: str, kind: str):
    payload = PAYLOADS[stream][kind].FromString(golden(stream, kind).payload)

    known = PAYLOADS[stream][kind]()
    known.CopyFrom(payload)
    known.DiscardUnknownFields()
    assert known.SerializeToString(deterministic=True) == payload.SerializeToString(
        deterministic=True
    )


@pytest.mark.parametrize(("stream", "kind"), KINDS)
def test_efficiency_folds_and_tells_it(stream: str, kind: str):
    from bursar_efficiency.projection import Accounts, checksum
    from bursar_efficiency.summaries import told

    accounts = Accounts()
    accounts.take(golden(stream, kind).SerializeToString(), 0, 1)

    assert (checksum(b"task_golden"), 0, 1) in accounts.batch.places
    told(golden(stream, kind))


@pytest.mark.parametrize("kind", PAYLOADS["tasks"])
def test_the_executor_folds_its_own(kind: str):
    from bursar.eventlog.tentative import Untracked
    from bursar_executor import domain, wire

    event = wire.decode(golden("tasks", kind).SerializeToString(), 1)

    assert event is not None
    domain.evolve(domain.Tasks(), event, Untracked())


@pytest.mark.parametrize(("stream", "kind"), KINDS)
def test_what_is_written_today_reads_like_the_golden_one(stream: str, kind: str):
    today = envelope(stream, kind, PAYLOADS[stream][kind])

    assert today.kind == golden(stream, kind).kind
    assert today.schema_version >= golden(stream, kind).schema_version
