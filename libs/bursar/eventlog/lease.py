"""Who should lead: a courtesy among replicas.

It fences nothing, the log's expected sequence does; without it two replicas would depose each other
again and again. It lives in memory at the broker and is gone when that restarts.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

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
from bursar.eventlog.stream import StreamId

BUCKET = "bursar-leases"
TTL_S_ONE_BROKER = 5.0
TTL_S_CLUSTER = 15.0  # elections take 4 to 6 s, and a lease should outlast one
RENEWALS_PER_TTL = 5
BUCKET_BYTES_MAX = 1 << 20
PUBLISH_TIMEOUT_S = 2.0

_log = logging.getLogger(__name__)


class Lease(Protocol):
    """Held by at most one replica most of the time."""

    async def acquire(self) -> None:
        """Returns once the lease is held. May take for ever; cancelled when no longer wanted."""
        ...

    async def release(self) -> None:
        """Lets another have it. Safe to call when it is not held."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """How long a lease outlives its holder, and on how many brokers it is kept."""

    ttl_s: float = TTL_S_ONE_BROKER
    replicas: int = 1


class BrokerLease:
    """A lease on one stream, in a bucket whose entries live for `ttl_s`.

    The holder is in the value and is compared before each renewal: after a restart of the broker
    revisions begin again at 1, so a revision alone could renew another's lease.
    """

    def __init__(
        self,
        connection: Callable[[], Awaitable[NatsConnection]],
        stream: StreamId,
        terms: LeaseTerms | None = None,
    ) -> None:
        self._connection = connection
        self._subject = f"$KV.{BUCKET}.{stream.jetstream_name}"
        self._terms = terms or LeaseTerms()
        self._holder = secrets.token_hex(16)
        self._renewing: asyncio.Task[None] | None = None

    @property
    def pause_s(self) -> float:
        """Between renewals, and between looks at a lease that another holds."""
        return self._terms.ttl_s / RENEWALS_PER_TTL

    async def acquire(self) -> None:
        while True:
            if await self._take():
                break
            await asyncio.sleep(self.pause_s)
        self._renewing = asyncio.ensure_future(self._renew())

    async def release(self) -> None:
        if self._renewing is None:
            return
        self._renewing.cancel()
        await asyncio.gather(self._renewing, return_exceptions=True)
        self._renewing = None
        try:
            revision, holder = await self._look()
            if holder == self._holder:
                await self._write("", revision)
        except (LogUnavailable, Refused) as error:  # it lapses by itself
            _log.debug("the lease was not given back: %s", error)

    async def _renew(self) -> None:
        """Until another holds it. A lease that lapsed deposes nobody: the log's fence does."""
        while True:
            await asyncio.sleep(self.pause_s)
            await self._take()

    async def _take(self) -> bool:
        """Whether it is ours now, by taking or by renewing it."""
        try:
            revision, holder = await self._look()
            if holder not in ("", self._holder):
                return False
            await self._write(self._holder, revision)
        except Refused as refused:
            if refused.err_code == STREAM_NOT_FOUND:
                await self._make_bucket()
            elif refused.err_code not in WRONG_LAST_SEQUENCE and refused.code < 500:
                _log.warning("the lease cannot be taken: %s", refused)
            return False
        except LogUnavailable:
            return False
        return True

    async def _look(self) -> tuple[int, str]:
        """The revision and the holder; 0 and nobody when it is free. Raises Refused."""
        connection = await self._connection()
        query = {"last_by_subj": self._subject}
        try:
            answer = await ask(connection, f"STREAM.MSG.GET.KV_{BUCKET}", query)
        except Refused as refused:
            if refused.err_code != NO_MESSAGE_FOUND:
                raise
            return 0, ""
        message = answer["message"]
        value: Json = json.loads(base64.b64decode(message["data"]))
        return int(message["seq"]), str(value["holder"])

    async def _write(self, holder: str, revision: int) -> None:
        """Raises Refused when another was faster."""
        connection = await self._connection()
        headers = headers_of(Nats_Expected_Last_Subject_Sequence=str(revision))
        value = json.dumps({"holder": holder}).encode()
        reply = await connection.request(self._subject, value, PUBLISH_TIMEOUT_S, headers)
        if reply.has_no_responder:
            raise Refused({"err_code": STREAM_NOT_FOUND})
        answer: Json = json.loads(reply.payload)
        if "error" in answer:
            raise Refused(answer["error"])

    async def _make_bucket(self) -> None:
        config = {
            "name": f"KV_{BUCKET}",
            "subjects": [f"$KV.{BUCKET}.>"],
            "storage": "memory",
            "max_age": int(self._terms.ttl_s * 1e9),
            "max_msgs_per_subject": 1,
            "max_bytes": BUCKET_BYTES_MAX,
            "discard": "new",
            "allow_direct": False,
            "num_replicas": self._terms.replicas,
        }
        try:
            await ask(await self._connection(), f"STREAM.CREATE.KV_{BUCKET}", config)
        except (Refused, LogUnavailable) as error:
            _log.warning("no bucket for leases: %s", error)
