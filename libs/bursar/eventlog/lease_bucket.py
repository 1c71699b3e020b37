"""The bucket that leases are kept in: entries in the broker's memory that live for a while."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from bursar.errors import LogUnavailable
from bursar.eventlog.jetstream_api import (
    NO_MESSAGE_FOUND,
    STREAM_NOT_FOUND,
    WRONG_LAST_SEQUENCE,
    Json,
    Refused,
    ask,
)
from bursar.eventlog.nats_connection import NatsConnection, headers_of

BUCKET = "bursar-leases"
BUCKET_BYTES_MAX = 1 << 20
PUBLISH_TIMEOUT_S = 2.0

_log = logging.getLogger(__name__)


class Entry(NamedTuple):
    """Who holds a lease, and where that process is reached. Holder "" and revision 0: nobody."""

    holder: str = ""
    address: str = ""
    revision: int = 0


class LeaseBucket:
    """Entries by key, each gone `ttl_s` after it was written last."""

    def __init__(
        self,
        connection: Callable[[], Awaitable[NatsConnection]],
        ttl_s: float,
        replicas: int,
        name: str = BUCKET,
    ) -> None:
        self._name = name
        self._connection = connection
        self._ttl_s = ttl_s
        self._replicas = replicas

    async def look(self, key: str) -> Entry | None:
        """The entry; None when it cannot be known now."""
        query = {"last_by_subj": self._subject(key)}
        try:
            answer = await ask(await self._connection(), f"STREAM.MSG.GET.KV_{self._name}", query)
        except Refused as refused:
            if refused.err_code == NO_MESSAGE_FOUND:
                return Entry()
            await self._heed(refused)
            return None
        except LogUnavailable:
            return None
        message = answer["message"]
        value: Json = json.loads(base64.b64decode(message["data"]))
        return Entry(
            str(value["holder"]), str(value.get("address", "")), revision=int(message["seq"])
        )

    async def write(self, key: str, entry: Entry) -> bool:
        """Whether it stands now: not when another was faster than `entry.revision`."""
        value = json.dumps({"holder": entry.holder, "address": entry.address}).encode()
        revision = str(entry.revision)
        headers = headers_of(Nats_Expected_Last_Subject_Sequence=revision)
        try:
            connection = await self._connection()
            reply = await connection.request(self._subject(key), value, PUBLISH_TIMEOUT_S, headers)
        except LogUnavailable:
            return False
        if reply.has_no_responder:
            await self._make()
            return False
        answer: Json = json.loads(reply.payload)
        if "error" in answer:
            await self._heed(Refused(answer["error"]))
            return False
        return True

    async def changed(self, key: str, timeout_s: float) -> None:
        """Returns when somebody writes the entry, or when the time is up."""
        try:
            connection = await self._connection()
        except LogUnavailable:
            await asyncio.sleep(timeout_s)
            return
        waker = _Waker()
        sid = connection.subscribe(self._subject(key), waker)
        try:
            async with asyncio.timeout(timeout_s):
                await waker.woken.wait()
        except TimeoutError:
            pass
        finally:
            connection.unsubscribe(sid)

    async def keys(self, prefix: str) -> list[str] | None:
        """The keys below `prefix.`, sorted; None when they cannot be known now."""
        query = {"subjects_filter": self._subject(f"{prefix}.>")}
        try:
            answer = await ask(await self._connection(), f"STREAM.INFO.KV_{self._name}", query)
        except (Refused, LogUnavailable):
            return None
        found = answer["state"].get("subjects") or {}
        return sorted(subject.removeprefix(self._subject(f"{prefix}.")) for subject in found)

    def _subject(self, key: str) -> str:
        return f"$KV.{self._name}.{key}"

    async def _heed(self, refused: Refused) -> None:
        if refused.err_code == STREAM_NOT_FOUND:
            await self._make()
        elif refused.err_code not in WRONG_LAST_SEQUENCE and refused.code < 500:
            _log.warning("a lease cannot be had: %s", refused)

    async def _make(self) -> None:
        """It is gone when the broker restarts: whoever meets its absence makes it anew."""
        config = {
            "name": f"KV_{self._name}",
            "subjects": [self._subject(">")],
            "storage": "memory",
            "max_age": int(self._ttl_s * 1e9),
            "max_msgs_per_subject": 1,
            "max_bytes": BUCKET_BYTES_MAX,
            "discard": "new",
            "allow_direct": False,
            "num_replicas": self._replicas,
        }
        try:
            await ask(await self._connection(), f"STREAM.CREATE.KV_{self._name}", config)
        except (Refused, LogUnavailable) as error:
            _log.warning("no bucket for leases: %s", error)


class _Waker:
    """A `Sink` that only notes that something came."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()

    def take(self, subject: bytes, reply: bytes, payload: bytes, header: bytes) -> None:
        self.woken.set()
