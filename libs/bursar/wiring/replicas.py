"""This process among the replicas of its services."""

from __future__ import annotations

import socket

from bursar.eventlog.jetstream import JetStreamLog
from bursar.eventlog.lease import TTL_S_CLUSTER, TTL_S_ONE_BROKER, LeaseTerms
from bursar.eventlog.leases import Leases
from bursar.rpc.liveness import gone
from bursar.wiring.settings import ProcessSettings

_EVERY_INTERFACE = ("0.0.0.0", "::", "[::]")


def leases_of(settings: ProcessSettings, log: JetStreamLog) -> Leases:
    """Leases in the broker that holds the log."""
    replicas = settings.broker_replicas
    ttl_s = TTL_S_ONE_BROKER if replicas == 1 else TTL_S_CLUSTER
    return Leases(log.connection, gone, LeaseTerms(ttl_s, replicas))


def advertised_address(settings: ProcessSettings) -> str:
    """The host, or host and port, by which other replicas reach this one; "" where it is as it
    listens.
    """
    if settings.advertised_address or settings.host not in _EVERY_INTERFACE:
        return settings.advertised_address
    return socket.gethostname()
