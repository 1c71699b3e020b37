"""The leases of one process: on whatever streams its services lead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bursar.eventlog.lease import BrokerLease, LeaseTerms, Replica, Watch
from bursar.eventlog.nats_connection import NatsConnection
from bursar.eventlog.seats import Seats
from bursar.eventlog.stream import StreamId


@dataclass(frozen=True, slots=True)
class Leases:
    """Makes leases in the broker's bucket. `watch` tells that another process is gone."""

    connection: Callable[[], Awaitable[NatsConnection]]
    watch: Watch
    terms: LeaseTerms = field(default_factory=LeaseTerms)

    def seats(self, service: str, address: str) -> Seats:
        """The seat of this process among the replicas of `service`."""
        return Seats(self.connection, service, address, self.terms.ttl_s, self.terms.replicas)

    def of(self, stream: StreamId, address: str, seats: Seats | None = None) -> BrokerLease:
        """The lease on `stream` for the process at `address`."""
        replica = Replica(address, self.watch, seats)
        return BrokerLease(self.connection, stream, self.terms, replica)
