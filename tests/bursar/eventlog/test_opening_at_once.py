"""Streams that several processes create at the same moment are there for all of them."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from bursar.broker import EmbeddedBroker
from bursar.eventlog.jetstream import JetStreamLog
from bursar.eventlog.nats_access import Access
from bursar.eventlog.stream import STREAMS, StreamId

PROCESSES = 4


async def test_a_stream_that_another_creates_at_this_moment_is_opened_not_refused():
    with tempfile.TemporaryDirectory() as directory:
        async with EmbeddedBroker.owning(Path(directory)) as broker:
            user = broker.credentials
            access = Access((broker.url,), user=user.user, password=user.password)
            logs = [JetStreamLog(access) for _ in range(PROCESSES)]
            streams = [StreamId(name) for name in STREAMS]

            tails = await asyncio.gather(*(log.open(name) for log in logs for name in streams))

            assert {tail.sequence for tail in tails} == {0}
            for log in logs:
                await log.close()
