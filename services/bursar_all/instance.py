"""One instance of Bursar: a log, the ground, and the services this process hosts."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bursar.blobs import DirectoryBlobStore
from bursar.broker import BrokerSettings, EmbeddedBroker
from bursar.broker.credentials import Credentials
from bursar.errors import FailedPrecondition
from bursar.eventlog.jetstream import JetStreamLog
from bursar.eventlog.log import EventLog
from bursar.identity import Keyring, NameTable
from bursar.telemetry import logs, traces
from bursar.wiring.module import Ground
from bursar.wiring.process import Process, ProcessPlan, running
from bursar_all.broker_access import external_credentials
from bursar_all.settings import ProcessSettings
from bursar_all.targets import modules


@dataclass(frozen=True, slots=True)
class Hosted:
    """A running process, and the broker that is its own; None where the broker is elsewhere."""

    process: Process
    ground: Ground
    broker: EmbeddedBroker | None


@asynccontextmanager
async def hosting(settings: ProcessSettings, names: Sequence[str]) -> AsyncIterator[Hosted]:
    """Hosts the services `names`; enters when all have caught up with the log.

    With a broker of its own this process owns the data directory: raises InstanceRunning when
    another does.
    """
    check_exposure(settings)
    logs.configure(settings.log_format, settings.log_level)
    traces.configure("bursar", settings.otlp_endpoint or None)
    async with AsyncExitStack() as stack:
        broker: EmbeddedBroker | None = None
        if not settings.broker_url:
            terms = BrokerSettings(start_timeout_s=settings.start_timeout_s)
            broker = await stack.enter_async_context(
                EmbeddedBroker.owning(settings.data_dir, terms)
            )
        url, credentials = _address(settings, broker)
        log = await JetStreamLog.connect(url, credentials)
        stack.push_async_callback(log.close)
        ground = await _ground(settings, log)
        plan = ProcessPlan(modules(names), settings.host, settings.port, drain_s=settings.drain_s)
        process = await stack.enter_async_context(running(plan, ground))
        stack.callback(traces.shutdown)
        yield Hosted(process, ground, broker)


def check_exposure(settings: ProcessSettings) -> None:
    """Raises FailedPrecondition for a server that strangers could reach and that asks for no
    key.
    """
    if settings.authentication == "keys" or _is_loopback(settings.host):
        return
    raise FailedPrecondition(
        f"host {settings.host} can be reached from other machines, and authentication is none;"
        " set BURSAR_AUTHENTICATION=keys, or listen on 127.0.0.1",
        facts={"host": settings.host},
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(
    settings: ProcessSettings, broker: EmbeddedBroker | None
) -> tuple[str, Credentials | None]:
    if broker is not None:
        return broker.url, broker.credentials
    return settings.broker_url, external_credentials(settings.broker_credentials_file)


async def _ground(settings: ProcessSettings, log: EventLog) -> Ground:
    keyring = Keyring.open(settings.data_dir)
    return Ground(
        log=log,
        blobs=await DirectoryBlobStore.open(settings.data_dir / "blobs", keyring.blob_address),
        keyring=keyring,
        names=NameTable.open(settings.data_dir),
        data_dir=settings.data_dir,
        clock=time.time_ns,
    )
