"""A process from its settings: a log, the ground, the services it hosts, until it is told to
end.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace

from bursar.broker import BrokerSettings, EmbeddedBroker
from bursar.errors import BursarError, FailedPrecondition, InvalidRequest
from bursar.eventlog.jetstream import JetStreamLog
from bursar.identity import service_key
from bursar.telemetry import logs, records, traces
from bursar.wiring.ground import entrance_of, laid_ground
from bursar.wiring.log_access import access_of, log_terms
from bursar.wiring.loop import run_serving
from bursar.wiring.module import Ground, Module
from bursar.wiring.process import Process, ProcessPlan, running
from bursar.wiring.replicas import advertised_address, leases_of
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
    records.configure("bursar", settings.otlp_endpoint or None)
    async with AsyncExitStack() as stack:
        broker: EmbeddedBroker | None = None
        if not settings.broker_url:
            terms = BrokerSettings(start_timeout_s=settings.start_timeout_s)
            broker = await stack.enter_async_context(
                EmbeddedBroker.owning(settings.data_dir, terms)
            )
        access = access_of(settings, broker)
        log = JetStreamLog(access, log_terms(settings, broker))
        stack.push_async_callback(log.close)
        ground = await stack.enter_async_context(laid_ground(settings, log, access))
        if broker is None:  # with its own, this process is the only one that writes
            ground = replace(ground, leases=leases_of(settings, log))
        plan = ProcessPlan(
            modules,
            settings.host,
            settings.port,
            advertised=advertised_address(settings),
            drain_s=settings.drain_s,
            entrance=entrance_of(settings, ground),
            service_key=service_key(ground.keyring) if settings.authentication == "keys" else None,
        )
        process = await stack.enter_async_context(running(plan, ground))
        stack.callback(traces.shutdown)
        stack.callback(records.shutdown)
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


async def serve(settings: ProcessSettings, modules: Sequence[Module]) -> None:
    """Hosts the services until SIGTERM or SIGINT, then drains them; a start is broken off."""
    ending, ready = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    work = asyncio.ensure_future(_served(settings, modules, ready, ending))
    told = asyncio.ensure_future(ending.wait())
    await asyncio.wait((work, told), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not ready.is_set():
        work.cancel()
    with suppress(asyncio.CancelledError):
        await work


async def _served(
    settings: ProcessSettings,
    modules: Sequence[Module],
    ready: asyncio.Event,
    ending: asyncio.Event,
) -> None:
    async with hosting(settings, modules) as hosted:
        ready.set()
        names = ", ".join(hosted.process.services)
        _logger.info("ready: %s on gRPC %s", names, hosted.process.address)
        await ending.wait()


def serve_alone(module: Module) -> None:
    """`python -m bursar_<service>`: one service against the broker that the environment names.

    Ends the process with one line and a code when it cannot start, or can serve no longer.
    """
    try:
        settings = ProcessSettings.load()
        if not settings.broker_url:
            raise InvalidRequest.of(
                "broker_url", "", "set BURSAR_BROKER_URL to the log's NATS server"
            )
        run_serving(serve(settings, [module]))
    except BursarError as error:
        sys.exit(f"bursar {module.name}: {error.message}")
    except BaseExceptionGroup as group:
        known, others = group.split(BursarError)
        if known is None or others is not None:
            raise
        sys.exit(f"bursar {module.name}: {_first_of(known).message}")


def _first_of(group: BaseExceptionGroup[BursarError]) -> BursarError:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
