"""The envelope of an observed event: what happened, for whom, when, in which trace.

Nothing about money is decided from observed events, so a reader may skip kinds it does not know.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from bursar.events.v1 import event_pb2
from bursar.ledger.v1 import ledger_pb2

DEFAULT_TENANT_ID = "default"
SCHEMA_VERSION = 1
_NS_PER_MS = 1_000_000

_noise = random.Random()  # an id has to be unique, not secret: seeded by the system at start


# A tuple, not a dataclass: one is made for every event.
class Origin(NamedTuple):
    """For whom, in which task, call and trace something happened. Plain values: nothing of a
    caller's request is held.
    """

    tenant_id: str
    task_id: str = ""
    call_id: str = ""
    cause_id: str = ""
    trace_id: bytes = b""
    span_id: bytes = b""


def origin_of(
    attribution: ledger_pb2.Attribution, trace_id: bytes = b"", span_id: bytes = b""
) -> Origin:
    """The origin that a request's attribution names."""
    return Origin(
        attribution.tenant_id or DEFAULT_TENANT_ID,
        attribution.task_id,
        attribution.call_id,
        attribution.cause_id,
        trace_id,
        span_id,
    )


def observed_event(
    kind: str, payload: bytes, origin: Origin, at_ns: int, event_id: str = ""
) -> bytes:
    """The bytes of one event of an observed stream, under a new id unless one is given."""
    return event_pb2.Event(
        event_id=event_id or new_event_id(at_ns),
        kind=kind,
        schema_version=SCHEMA_VERSION,
        tenant_id=origin.tenant_id,
        task_id=origin.task_id,
        call_id=origin.call_id,
        cause_id=origin.cause_id,
        trace_id=origin.trace_id,
        span_id=origin.span_id,
        at_ns=at_ns,
        payload=payload,
        skippable=True,
    ).SerializeToString()


def new_event_id(at_ns: int) -> str:
    """A UUIDv7 in its canonical text form. Source: RFC 9562, section 5.7."""
    noise = _noise.getrandbits(74)
    number = (at_ns // _NS_PER_MS & (1 << 48) - 1) << 80 | 7 << 76 | (noise >> 62) << 64
    text = f"{number | 2 << 62 | noise & (1 << 62) - 1:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
