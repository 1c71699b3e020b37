"""What a service tells the wiring of itself: its name, whom it needs, how it is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bursar.rpc.activity import Activity

if TYPE_CHECKING:
    from bursar.blobs.store import BlobStore
    from bursar.eventlog.leases import Leases
    from bursar.eventlog.log import EventLog
    from bursar.identity.keyring import Keyring
    from bursar.identity.name_table import NameTable


@dataclass(frozen=True, slots=True)
class Ground:
    """What every service of a process stands on.

    `clock` gives nanoseconds since 1970 UTC. `data_dir` is this machine's own; nothing in it but
    blobs, keys and names is more than a cache of the log. `identity_dir` holds the keyring and the
    API keys, which all processes of an installation share.
    """

    log: EventLog
    blobs: BlobStore
    keyring: Keyring
    names: NameTable
    data_dir: Path
    identity_dir: Path
    clock: Callable[[], int]
    # What keeps replicas from quarrelling; None where no other process can write this log.
    leases: Leases | None = None
    # Over how many streams the tenants' money is spread.
    usage_partitions: int = 1
    # Shared by all that callers can reach, so that an idle process knows that it is.
    activity: Activity = field(default_factory=Activity)


class Peers(Protocol):
    """How a service reaches the others: in process where they are hosted here, over gRPC
    elsewhere.
    """

    @property
    def own_address(self) -> str:
        """Where other processes reach the services of this one."""
        ...

    def at(self, name: str, address: str) -> Any:
        """The client of a certain replica of service `name`. Any: as `client`."""
        ...

    def client(self, name: str) -> Any:
        """The client of service `name`, of the Protocol in `bursar.clients`. Any: the wiring cannot
        know which; the caller annotates it."""
        ...


class Service(Protocol):
    """What a process does with a service besides asking it. The same object answers the client
    Protocol.
    """

    async def run(self) -> None:
        """Works until cancelled: follows the log, writes its frames, ticks."""
        ...

    async def ready(self) -> None:
        """Returns once it has caught up with the log's end as of its start."""
        ...

    async def drain(self) -> None:
        """Ends what is in flight, within a bound of its own; called before `run` is cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class Module:
    """One row of the table of services. `build` is cheap and does no I/O."""

    name: str
    needs: tuple[str, ...]
    build: Callable[[Ground, Peers], Service]
    # Several of it may stand, one of which leads: what `build` gives is a `Replicated`, too.
    is_replicated: bool = False
