"""Where everything about one instance stands on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bursar.durable_files import make_private_directory


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The paths below one data directory, all for one user alone."""

    path: Path

    @property
    def owner_lock(self) -> Path:
        """Locked by the process that owns this directory, for its life; holds its pid."""
        return self.path / "owner.lock"

    @property
    def instance_file(self) -> Path:
        """How to reach the instance; locked by its owner while it is true."""
        return self.path / "instance.json"

    @property
    def spawn_lock(self) -> Path:
        """Locked by the one caller who is starting an instance; counts the starts that failed."""
        return self.path / "spawn.lock"

    @property
    def broker_configuration(self) -> Path:
        """What nats-server reads, credentials included."""
        return self._broker / "nats-server.conf"

    @property
    def store_lock(self) -> Path:
        """Locked by whatever nats-server still has the store open."""
        return self._broker / "store.lock"

    @property
    def store(self) -> Path:
        """The streams."""
        return self._broker / "store"

    @property
    def ports(self) -> Path:
        """Where nats-server writes which port it was given."""
        return self._broker / "ports"

    @property
    def broker_log(self) -> Path:
        """What nats-server says; it bounds the file itself."""
        return self._logs / "broker.log"

    @property
    def supervisor_log(self) -> Path:
        """What nats-server and its supervisor say when they break."""
        return self._logs / "supervisor.log"

    @property
    def instance_log(self) -> Path:
        """What an instance started in the background says."""
        return self._logs / "instance.log"

    def prepare(self) -> None:
        """Make the directories that are missing. Raises FailedPrecondition or StorageFull."""
        for directory in (self.store, self.ports, self._logs):
            make_private_directory(directory)

    @property
    def _broker(self) -> Path:
        return self.path / "broker"

    @property
    def _logs(self) -> Path:
        return self.path / "logs"
