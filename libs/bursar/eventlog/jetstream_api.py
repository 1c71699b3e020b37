"""The few requests of JetStream's API that the log makes, and its errors as ours.

Source: the JSON API of nats-server 2.15 (subjects `$JS.API.*`); error codes from its errors.json.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from bursar.errors import BursarError, FailedPrecondition, InvalidRequest, LogUnavailable
from bursar.eventlog.log import AppendUncertain, FenceRefused, LogFull, Record, StreamMissing, Tail
from bursar.eventlog.nats_connection import (
    AnswerLate,
    ConnectionLost,
    NatsConnection,
    Reply,
    headers_of,
)
from bursar.eventlog.stream import StreamId

API = "$JS.API"
REQUEST_TIMEOUT_S = 2.0

STREAM_NOT_FOUND = 10059
NO_MESSAGE_FOUND = 10037
WRONG_LAST_SEQUENCE = (10071, 10164)
MAXIMUM_BYTES_EXCEEDED = 10077
MESSAGE_TOO_LARGE = 10054
NO_RESOURCES = (10047, 10005, 10074)  # streams reserve more than the store has; too few servers

_NS_PER_US = 1_000


class Refused(Exception):
    """JetStream answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        self.code = int(error.get("code", 0))
        self.err_code = int(error.get("err_code", 0))
        self.description = str(error.get("description", ""))
        super().__init__(f"{self.code}/{self.err_code} {self.description}")


# Any: JSON objects, whose fields are read one by one with their types below.
Json = dict[str, Any]


async def ask(connection: NatsConnection, subject: str, query: Json) -> Json:
    """The answer to an API request. Raises Refused, and LogUnavailable when none came."""
    payload = json.dumps(query).encode() if query else b""
    reply = await connection.request(f"{API}.{subject}", payload, REQUEST_TIMEOUT_S)
    if reply.has_no_responder:
        raise LogUnavailable("JetStream has no leader, or is not enabled")
    answer: Json = json.loads(reply.payload)
    if "error" in answer:
        raise Refused(answer["error"])
    return answer


async def stream_info(connection: NatsConnection, stream: StreamId) -> Json | None:
    """Configuration and state; None when there is no such stream."""
    try:
        return await ask(connection, f"STREAM.INFO.{stream.jetstream_name}", {})
    except Refused as refused:
        if refused.err_code == STREAM_NOT_FOUND:
            return None
        raise unavailable(stream, refused) from refused


def tail_of(info: Json) -> Tail:
    """What a stream's info says of its end."""
    state, config = info["state"], info["config"]
    return Tail(
        sequence=int(state["last_seq"]),
        first_sequence=max(1, int(state["first_seq"])),
        created=str(info["created"]),
        broker_ns=_ns(info["ts"]),
        used_bytes=int(state["bytes"]),
        max_bytes=int(config["max_bytes"]),
        replicas=int(config["num_replicas"]),
    )


async def get_frame(connection: NatsConnection, stream: StreamId, sequence: int) -> Record | None:
    """A frame from the stream's leader; never a direct get, which may be far behind."""
    subject = f"STREAM.MSG.GET.{stream.jetstream_name}"
    try:
        answer = await ask(connection, subject, {"seq": sequence})
    except Refused as refused:
        if refused.err_code == NO_MESSAGE_FOUND:
            return None
        raise unavailable(stream, refused) from refused
    frame = base64.b64decode(answer["message"].get("data", ""))
    return Record(stream, sequence, frame)


async def publish(
    connection: NatsConnection,
    stream: StreamId,
    frame: bytes,
    expected_sequence: int | None,
    timeout_s: float,
) -> int:
    """Appends with a fence. Raises as `EventLog.append` does."""
    headers = {"Nats_Expected_Stream": stream.jetstream_name}
    if expected_sequence is not None:
        headers["Nats_Expected_Last_Sequence"] = str(expected_sequence)  # empty means no fence
    try:
        reply = await connection.request(stream.subject, frame, timeout_s, headers_of(**headers))
    except (ConnectionLost, AnswerLate) as error:
        connection.abandon()  # its server may be frozen; a barrier goes out on a fresh one
        raise AppendUncertain(f"{stream}: {error.message}") from error
    return _acknowledged(stream, reply)


def unavailable(stream: StreamId, refused: Refused) -> BursarError:
    """The refusal of a request that changes nothing, or has changed nothing."""
    if refused.err_code in NO_RESOURCES:
        return FailedPrecondition(
            f"{stream}: the broker's store is too small for all streams together: {refused}"
        )
    if refused.err_code == STREAM_NOT_FOUND:
        return StreamMissing(f"{stream} does not exist")
    return LogUnavailable(f"{stream}: {refused}")


def _acknowledged(stream: StreamId, reply: Reply) -> int:
    if reply.has_no_responder:  # it reached no stream: certainly not appended
        raise LogUnavailable(f"{stream} has no leader")
    answer: Json = json.loads(reply.payload)
    if "error" not in answer:
        return int(answer["seq"])
    refused = Refused(answer["error"])
    if refused.err_code in WRONG_LAST_SEQUENCE:
        raise FenceRefused(f"{stream}: {refused}")  # its number may speak of what never lands
    if refused.err_code == MAXIMUM_BYTES_EXCEEDED:
        raise LogFull(f"{stream} has no room left")
    if refused.err_code == MESSAGE_TOO_LARGE:
        raise InvalidRequest.of("frame", str(refused), "write smaller frames")
    if refused.code >= 500:  # it may have been proposed before its leader gave up
        raise AppendUncertain(f"{stream}: {refused}")
    raise LogUnavailable(f"{stream}: {refused}")


def _ns(timestamp: str) -> int:
    """Nanoseconds since 1970 UTC of an RFC 3339 time, to the microsecond, rounded down."""
    whole, _, fraction = timestamp.rstrip("Z").partition(".")
    at = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int(at.timestamp()) * 1_000_000_000 + int(fraction[:6].ljust(6, "0")) * _NS_PER_US
