"""How a stream has to be set up, and whether it is.

The server enforces what it is told here, but lets an administrator change much of it later; so each
start compares.
"""

from __future__ import annotations

from bursar.errors import FailedPrecondition
from bursar.eventlog.frame import FRAME_BYTES_MAX
from bursar.eventlog.jetstream_api import Json
from bursar.eventlog.stream import StreamId, max_bytes_of

HEADERS_BYTES_MAX = 1024
PARTITIONS_KEY = "bursar-partitions"


def stream_config(stream: StreamId, partitions: int, store_bytes: int, replicas: int) -> Json:
    """The configuration of a new stream.

    No message ids: with replicas, the server would answer a repeated one before it looks at the
    fence. Purges are allowed, or nothing could ever be archived; direct gets are not, since they
    may be far behind.
    """
    return {
        **_required(stream, partitions),
        "max_bytes": max_bytes_of(stream, store_bytes, partitions),
        "num_replicas": replicas,
        "retention": "limits",
        "max_consumers": -1,
        "max_msgs": -1,
        "max_msgs_per_subject": -1,
        "description": f"Bursar: {stream}",
    }


def refuse_another_config(stream: StreamId, partitions: int, found: Json) -> None:
    """Raises FailedPrecondition that names each setting that differs from what the log rests on."""
    wrong = [
        f"{name} is {_of(found, name)!r}, must be {needed!r}"
        for name, needed in _required(stream, partitions).items()
        if name != "metadata" and _of(found, name) != needed
    ]
    wrong += [
        f"{name} is set" for name in _FORBIDDEN if found.get(name) not in (None, False, 0, -1, [])
    ]
    if found.get("max_bytes", -1) <= 0:
        wrong.append("max_bytes is not set")
    if found.get("persist_mode", "default") not in ("", "default"):
        wrong.append("persist_mode does not wait for the disk")
    recorded = (found.get("metadata") or {}).get(PARTITIONS_KEY)
    if recorded != str(partitions):
        wrong.append(f"it was made for {recorded} partitions, not {partitions}")
    if wrong:
        raise FailedPrecondition(f"{stream.jetstream_name}: " + "; ".join(wrong))


_FORBIDDEN = (
    "sealed",
    "no_ack",
    "mirror",
    "sources",
    "subject_transform",
    "republish",
    "allow_msg_ttl",
    "allow_rollup_hdrs",
    "allow_msg_counter",
    "allow_msg_schedules",
    "max_age",
    "max_msgs",
    "max_msgs_per_subject",
    "discard_new_per_subject",
)


def _required(stream: StreamId, partitions: int) -> Json:
    return {
        "name": stream.jetstream_name,
        "subjects": [stream.subject],
        "storage": "file",
        "discard": "new",
        "max_age": 0,
        "max_msg_size": FRAME_BYTES_MAX + HEADERS_BYTES_MAX,
        "deny_delete": True,
        "deny_purge": False,
        "allow_direct": False,
        "metadata": {PARTITIONS_KEY: str(partitions)},
    }


def _of(found: Json, name: str) -> object:
    """The server leaves out what is false or zero."""
    absent = {"deny_delete": False, "deny_purge": False, "allow_direct": False, "max_age": 0}
    return found.get(name, absent.get(name))
