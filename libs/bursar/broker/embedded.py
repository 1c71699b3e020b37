"""The broker of one machine: it lives in the data directory and with the process that owns it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from os import getpid
from pathlib import Path

from bursar.broker.binary import check_runnable, find_nats_server
from bursar.broker.configuration import BrokerUsers, configuration
from bursar.broker.credentials import Credentials
from bursar.broker.data_directory import DataDirectory
from bursar.broker.instance import Instance
from bursar.broker.logs import keep_bounded
from bursar.broker.ownership import Ownership
from bursar.broker.settings import BrokerSettings
from bursar.broker.supervised_server import SupervisedServer
from bursar.durable_files import replace_file
from bursar.errors import StorageFull

_DEFAULTS = BrokerSettings()


class EmbeddedBroker:
    """A running nats-server of this process: JetStream, loopback only, each write synced."""

    def __init__(self, ownership: Ownership, server: SupervisedServer, users: BrokerUsers) -> None:
        self._ownership = ownership
        self._server = server
        self._users = users
        self._ended = asyncio.Event()
        self._started_at_ns = time.time_ns()
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def owning(
        cls, data_dir: Path, settings: BrokerSettings = _DEFAULTS
    ) -> AsyncIterator[EmbeddedBroker]:
        """Own `data_dir` and run its broker for as long as the block runs.

        Raises InstanceRunning when another process owns it (join that one), FailedPrecondition when
        the directory cannot be written or the program is missing, StorageFull, and Unavailable when
        the broker is not ready within `settings.start_timeout_s`.
        """
        deadline_s = time.monotonic() + settings.start_timeout_s
        with await Ownership.take(data_dir, settings.start_timeout_s) as ownership:
            data, users = DataDirectory(data_dir), BrokerUsers.random()
            nats_server = _prepare(data, settings, users)
            server = await SupervisedServer.launch(nats_server, data)
            broker = cls(ownership, server, users)
            chores: list[asyncio.Task[None]] = []
            try:
                await broker._rise(deadline_s, settings.start_timeout_s)
                chores = [
                    asyncio.create_task(broker._watch()),
                    asyncio.create_task(keep_bounded(data.instance_log)),
                ]
                yield broker
            finally:
                await _cancel(chores)
                try:
                    ownership.withdraw()  # before the broker goes, so that nobody new joins it
                finally:
                    await server.stop()
                    data.broker_configuration.unlink(missing_ok=True)

    @property
    def credentials(self) -> Credentials:
        """Who may use the log, but not delete, purge or update its streams."""
        return self._users.writer

    @property
    def administrator(self) -> Credentials:
        """Who may do all of that, too. Known to this process alone."""
        return self._users.administrator

    @property
    def inspector(self) -> Credentials:
        """Who may ask the server about itself (`$SYS.REQ.SERVER.PING.JSZ`). Known here alone."""
        return self._users.inspector

    @property
    def server_pid(self) -> int:
        """The process id of nats-server; another one after it was started again."""
        return self._server.pid

    @property
    def has_ended(self) -> bool:
        """Whether the broker is gone for good."""
        return self._ended.is_set()

    def publish(self, **addresses: str) -> Instance:
        """Announce this instance with the `addresses` of its services, in place of what was before.

        Until the first time nobody joins.
        """
        instance = Instance(
            broker_url=self.url,
            credentials=self.credentials,
            pid=getpid(),
            started_at_ns=self._started_at_ns,
            addresses=addresses,
        )
        self._ownership.publish(instance)
        return instance

    async def wait_ended(self) -> None:
        """Returns when the broker does not stay up; the owner has to end then, too."""
        await self._ended.wait()

    async def _rise(self, deadline_s: float, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(deadline_s - time.monotonic()):
                # Imported while the server starts: it takes the client longer to load than the
                # server to be there.
                from bursar.broker.readiness import confirm_ready

                self.url = await self._server.ready()
                await confirm_ready(self.url, self._users)
        except TimeoutError as error:
            raise self._server.late(timeout_s) from error

    async def _watch(self) -> None:
        await self._server.wait_ended()
        self._ended.set()


def _prepare(data: DataDirectory, settings: BrokerSettings, users: BrokerUsers) -> Path:
    """The program to run, with everything it needs on disk."""
    nats_server = check_runnable(settings.nats_server or find_nats_server())
    free_bytes = shutil.disk_usage(data.path).free
    if free_bytes < settings.min_free_bytes:
        raise StorageFull(
            f"only {free_bytes} bytes are free for {data.path}, {settings.min_free_bytes} are"
            " needed; free some or choose another data directory",
            facts={"free_bytes": free_bytes, "needed_bytes": settings.min_free_bytes},
        )
    replace_file(data.broker_configuration, configuration(data, settings, users).encode())
    return nats_server


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
