"""Several quota processes on one broker, and what is done to them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bursar.clients.quota import RemoteQuota
from bursar.eventlog.following import follow_until
from bursar.eventlog.frame import frame_hash
from bursar.eventlog.jetstream import JetStreamLog, JetStreamTerms
from bursar.eventlog.lease_bucket import LeaseBucket
from bursar.eventlog.log import Cursor
from bursar.eventlog.nats_access import Access
from bursar.eventlog.stream import StreamId
from bursar.rpc.calling import channel_to

TESTS = Path(__file__).parent
END_TIMEOUT_S = 20
WAIT_S = 30.0


class Processes:
    """Starts scripts of tests/, reads the JSON lines that they say, and ends them."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[str]] = []

    def start(self, script: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(TESTS / script), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(TESTS)])},
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait(END_TIMEOUT_S)
            process.stdin.close()
            process.stdout.close()


async def said(process: subprocess.Popen[str]) -> object:
    """The next line of a process, as what it means."""
    line = await asyncio.to_thread(process.stdout.readline)
    assert line, f"{process.args} ended with {process.wait(END_TIMEOUT_S)}"
    return json.loads(line)


@dataclass
class Replica:
    """One quota process and a client of it."""

    process: subprocess.Popen[str]
    address: str
    quota: RemoteQuota

    def kill(self) -> None:
        """As kill -9 does."""
        self.process.kill()
        self.process.wait(END_TIMEOUT_S)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@dataclass
class Fleet:
    """Replicas of quota on the broker at `url`, with `partitions` of money."""

    url: str
    directory: Path
    partitions: int = 1
    replicas: list[Replica] = field(default_factory=list)
    processes: Processes = field(default_factory=Processes)
    _channels: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        terms = JetStreamTerms(partitions={"usage": self.partitions})
        self.log = JetStreamLog(Access((self.url,)), terms)
        self._bucket = LeaseBucket(self.log.connection, ttl_s=5.0, replicas=1)

    async def start(self, port: object = 0, dies_after_frames: int = 0) -> Replica:
        """A replica that is ready: it leads, or stands by."""
        directory = self.directory / f"replica-{len(self.processes.started)}"
        directory.mkdir()
        process = self.processes.start(
            "quota_process.py", self.url, port, directory, dies_after_frames, self.partitions
        )
        address = (await said(process))["address"]
        self._channels.append(channel_to(address))
        replica = Replica(process, address, RemoteQuota(self._channels[-1]))
        self.replicas.append(replica)
        return replica

    async def leader(self, partition: int = 0) -> Replica:
        """Who holds the lease of a partition, waited for."""
        key = StreamId("usage", partition).jetstream_name
        async with asyncio.timeout(WAIT_S):
            while True:
                found = await self._bucket.look(key)
                for replica in self.replicas:
                    if found is not None and replica.address == found.address:
                        return replica
                await self._bucket.changed(key, 0.1)

    async def next_frame(self) -> None:
        """Returns when one more stands in any partition."""
        following = [
            asyncio.ensure_future(self._next_frame(StreamId("usage", place)))
            for place in range(self.partitions)
        ]
        await asyncio.wait(following, return_when=asyncio.FIRST_COMPLETED)
        for each in following:
            each.cancel()

    async def _next_frame(self, stream: StreamId) -> None:
        tail = await self.log.tail(stream)
        record = await self.log.get(stream, tail.sequence)
        found = asyncio.Event()
        cursor = Cursor(stream, tail.sequence, frame_hash(record.frame))
        await follow_until(self.log, cursor, lambda _: found.set(), found)

    async def close(self) -> None:
        self.processes.end()
        for channel in self._channels:
            await channel.close()
        await self.log.close()


@asynccontextmanager
async def fleet_of(
    count: int, url: str, directory: Path, partitions: int = 1
) -> AsyncIterator[Fleet]:
    fleet = Fleet(url, directory, partitions)
    try:
        for _ in range(count):
            await fleet.start()
        yield fleet
    finally:
        await fleet.close()
