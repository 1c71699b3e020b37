"""The embedded broker of one machine, and how every process finds the instance that owns it."""

from bursar.broker.credentials import Credentials
from bursar.broker.embedded import EmbeddedBroker
from bursar.broker.instance import (
    Instance,
    InstanceRunning,
    read_instance,
    wait_for_instance,
    write_instance,
)
from bursar.broker.ownership import Ownership
from bursar.broker.settings import BrokerSettings
from bursar.broker.spawning import ensure_instance

__all__ = [
    "BrokerSettings",
    "Credentials",
    "EmbeddedBroker",
    "Instance",
    "InstanceRunning",
    "Ownership",
    "ensure_instance",
    "read_instance",
    "wait_for_instance",
    "write_instance",
]
