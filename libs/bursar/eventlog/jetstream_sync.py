"""Whether the servers sync every write: the default of two minutes would lose acknowledged frames.

A kill -9 does not show it, for the page cache survives; a power loss does.
"""

from __future__ import annotations

import asyncio
import json
import secrets

from bursar.errors import FailedPrecondition, LogUnavailable
from bursar.eventlog.nats_connection import NatsConnection

FIRST_ANSWER_S = 2.0
OTHER_ANSWERS_S = 0.3

_SUBJECT = "$SYS.REQ.SERVER.PING.JSZ"


class _Answers:
    """A `Sink` for what each server of a cluster says."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.first = asyncio.Event()

    def take(self, subject: bytes, reply: bytes, payload: bytes, header: bytes) -> None:
        self.payloads.append(payload)
        self.first.set()


async def refuse_unsynced(connection: NatsConnection) -> None:
    """Asks every server of the cluster; `connection` has to belong to the system account.

    Raises FailedPrecondition that names a server which does not sync, LogUnavailable when none
    answers.
    """
    answers, inbox = _Answers(), f"_INBOX.{secrets.token_hex(11)}"
    connection.subscribe(inbox, answers)
    connection.publish(_SUBJECT, b'{"config": true}', reply=inbox)
    try:
        async with asyncio.timeout(FIRST_ANSWER_S):
            await answers.first.wait()
    except TimeoutError as error:
        raise LogUnavailable("no server says how it syncs") from error
    await asyncio.sleep(OTHER_ANSWERS_S)
    for payload in answers.payloads:
        answer = json.loads(payload)
        if not answer["data"].get("config", {}).get("sync_always", False):
            name = answer["server"]["name"]
            raise FailedPrecondition(f"server {name} does not sync every write: set sync_interval")
