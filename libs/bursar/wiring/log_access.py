"""The way to the log: a broker of this process, of another process here, or of another machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bursar.broker import BrokerSettings, EmbeddedBroker, read_instance
from bursar.broker.credentials import Credentials
from bursar.eventlog.jetstream import JetStreamLog, JetStreamTerms
from bursar.eventlog.nats_access import Access
from bursar.wiring.broker_access import credentials_in
from bursar.wiring.settings import ProcessSettings


def access_of(settings: ProcessSettings, broker: EmbeddedBroker | None) -> Access:
    """To the process' own broker where it has one, else to the one its settings name."""
    if broker is not None:
        return _as(broker.url, broker.credentials)
    credentials = credentials_in("broker_credentials_file", settings.broker_credentials_file)
    return _as(settings.broker_url, credentials)


def log_terms(settings: ProcessSettings, broker: EmbeddedBroker | None) -> JetStreamTerms:
    """The broker is asked whether it syncs every write, where we may ask it that."""
    partitions = {"usage": settings.usage_partitions}
    if broker is not None:
        return JetStreamTerms(partitions=partitions, inspector=_as(broker.url, broker.inspector))
    inspector = credentials_in("broker_inspector_file", settings.broker_inspector_file)
    return JetStreamTerms(
        replicas=settings.broker_replicas,
        partitions=partitions,
        inspector=_as(settings.broker_url, inspector) if inspector else None,
    )


@asynccontextmanager
async def opened_log(settings: ProcessSettings) -> AsyncIterator[JetStreamLog]:
    """The log for a command that only reads: no service has to run, or even be able to.

    Joins the instance of the data directory where one runs, else runs its broker for the block.
    """
    async with AsyncExitStack() as stack:
        access = access_of(settings, None)
        if not settings.broker_url:
            instance = read_instance(settings.data_dir)
            if instance is not None:
                access = _as(instance.broker_url, instance.credentials)
            else:
                terms = BrokerSettings(start_timeout_s=settings.start_timeout_s)
                owning = EmbeddedBroker.owning(settings.data_dir, terms)
                access = access_of(settings, await stack.enter_async_context(owning))
        log = JetStreamLog(access)
        stack.push_async_callback(log.close)
        yield log


def _as(url: str, credentials: Credentials | None) -> Access:
    if credentials is None:
        return Access((url,))
    return Access((url,), user=credentials.user, password=credentials.password)
