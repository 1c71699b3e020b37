"""This process among the replicas of its services."""

from __future__ import annotations

import ipaddress
import socket

from bursar.eventlog.jetstream import JetStreamLog
from bursar.eventlog.lease import TTL_S_CLUSTER, TTL_S_ONE_BROKER, LeaseTerms
from bursar.eventlog.leases import Leases
from bursar.rpc.liveness import gone
from bursar.wiring.settings import ProcessSettings

IPV6 = 6

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
    named = settings.advertised_address
    if not named and settings.host in _EVERY_INTERFACE:
        return socket.gethostname()
    return f"[{named}]" if _is_ipv6(named) else named


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == IPV6
    except ValueError:
        return False
