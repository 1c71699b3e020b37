"""A process from its settings: a log, the ground, the services it hosts, until it is told to
end.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bursar.blobs import DirectoryBlobStore
from bursar.broker import BrokerSettings, EmbeddedBroker
from bursar.broker.credentials import Credentials
from bursar.errors import BursarError, FailedPrecondition, InvalidRequest
from bursar.eventlog.jetstream import JetStreamLog, JetStreamTerms
from bursar.eventlog.log import EventLog
from bursar.eventlog.nats_connection import Access
from bursar.identity import Keyring, NameTable
from bursar.telemetry import logs, traces
from bursar.wiring.broker_access import external_credentials
from bursar.wiring.module import Ground, Module
from bursar.wiring.process import Process, ProcessPlan, running
from bursar.wiring.settings import ProcessSettings

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hosted:
    """A running process, and the broker that is its own; None where the broker is elsewhere."""

    process: Process
    ground: Ground
    broker: EmbeddedBroker | None


@asynccontextmanager
async def hosting(settings: ProcessSettings, modules: Sequence[Module]) -> AsyncIterator[Hosted]:
    """Hosts the services of `modules`; enters when all have caught up with the log.

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
        log = JetStreamLog(_access(settings, broker), _terms(broker))
        stack.push_async_callback(log.close)
        ground = await _ground(settings, log)
        plan = ProcessPlan(modules, settings.host, settings.port, drain_s=settings.drain_s)
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


def _access(settings: ProcessSettings, broker: EmbeddedBroker | None) -> Access:
    if broker is not None:
        return _as(broker.url, broker.credentials)
    credentials = external_credentials(settings.broker_credentials_file)
    return _as(settings.broker_url, credentials)


def _as(url: str, credentials: Credentials | None) -> Access:
    if credentials is None:
        return Access((url,))
    return Access((url,), user=credentials.user, password=credentials.password)


def _terms(broker: EmbeddedBroker | None) -> JetStreamTerms:
    """Our own broker is asked whether it syncs every write; another's operator has to know."""
    if broker is None:
        return JetStreamTerms()
    return JetStreamTerms(inspector=_as(broker.url, broker.inspector))


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


async def serve(settings: ProcessSettings, modules: Sequence[Module]) -> None:
    """Hosts the services until SIGTERM or SIGINT, then drains them."""
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    async with hosting(settings, modules) as hosted:
        names = ", ".join(hosted.process.services)
        _logger.info("ready: %s on gRPC %s", names, hosted.process.address)
        await ending.wait()


def serve_alone(module: Module) -> None:
    """`python -m bursar_<service>`: one service against the broker that the environment names.

    Ends the process with one line and a code when it cannot start.
    """
    try:
        settings = ProcessSettings.load()
        if not settings.broker_url:
            raise InvalidRequest.of(
                "broker_url", "", "set BURSAR_BROKER_URL to the log's NATS server"
            )
        asyncio.run(serve(settings, [module]))
    except BursarError as error:
        sys.exit(f"bursar {module.name}: {error.message}")
