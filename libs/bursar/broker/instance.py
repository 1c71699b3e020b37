"""How the processes of one machine find the instance that owns a data directory."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bursar.broker.credentials import Credentials
from bursar.broker.data_directory import DataDirectory
from bursar.broker.descriptor import OwnDescriptor
from bursar.durable_files import PRIVATE_FILE_MODE, storage_errors
from bursar.errors import DeadlineExceeded, FailedPrecondition, Unavailable
from bursar.secret import Secret

POLL_INTERVAL_S = 0.02

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance: its broker, who owns it since when (ns since 1970 UTC), and the addresses
    of its services by name (`grpc_address`, `edge_url`).
    """

    broker_url: str
    credentials: Credentials
    pid: int
    started_at_ns: int
    addresses: Mapping[str, str] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """Where it offers `name`. Raises Unavailable when it does not."""
        found = self.addresses.get(name)
        if found is None:
            raise Unavailable(
                f"the instance with process id {self.pid} offers no {name}",
                facts={"pid": self.pid, "address": name},
            )
        return found


class InstanceRunning(FailedPrecondition):
    """Another process owns this data directory and can be joined: `instance` says how."""

    reason = "INSTANCE_RUNNING"
    instance: Instance

    @classmethod
    def named(cls, instance: Instance) -> InstanceRunning:
        """The refusal that names `instance` to whoever wanted to own its directory."""
        error = cls(
            f"the process with id {instance.pid} runs in this data directory; join it, or end it"
            " first",
            facts={"pid": instance.pid},
        )
        error.instance = instance
        return error


def read_instance(data_dir: Path) -> Instance | None:
    """The instance that runs in `data_dir`; None when none does, whatever an old file says."""
    path = DataDirectory(data_dir).instance_file
    with storage_errors(path):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return _decode(file.read()) if _is_locked(file.fileno()) else None


def write_instance(data_dir: Path, instance: Instance) -> OwnDescriptor:
    """Announce `instance` until the answer is closed or this process ends. Only the owner may.

    The lock is on this very file, not on a name: what was read and whether it still holds cannot
    come from two different owners, and a reader that tries the lock disturbs nobody who wants to
    own the directory.
    """
    path = DataDirectory(data_dir).instance_file
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    with storage_errors(path):
        descriptor = OwnDescriptor(os.open(temporary, flags, PRIVATE_FILE_MODE))
        try:
            fcntl.flock(descriptor.number, fcntl.LOCK_EX)
            with open(descriptor.number, "wb", closefd=False) as file:
                file.write(_encode(instance))
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            descriptor.close()
            raise
    return descriptor


async def wait_for_instance(data_dir: Path, timeout_s: float) -> Instance:
    """The instance that runs in `data_dir`, as soon as one does.

    Raises DeadlineExceeded after `timeout_s`.
    """
    deadline_s = time.monotonic() + timeout_s
    while (instance := read_instance(data_dir)) is None:
        if time.monotonic() >= deadline_s:
            message = f"no instance came up in {data_dir} within {timeout_s:g} s; start one"
            raise DeadlineExceeded(message, facts={"path": str(data_dir)})
        await asyncio.sleep(POLL_INTERVAL_S)
    return instance


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _encode(instance: Instance) -> bytes:
    fields = {
        **instance.addresses,
        "format": _FORMAT,
        "broker_url": instance.broker_url,
        "broker_user": instance.credentials.user,
        "broker_password": instance.credentials.password.reveal_text(),
        "pid": instance.pid,
        "started_at_ns": instance.started_at_ns,
    }
    return json.dumps(fields, indent=2).encode()


def _decode(content: bytes) -> Instance:
    try:
        fields = json.loads(content)
        if fields.pop("format") != _FORMAT:
            raise ValueError("another format")
        return Instance(
            broker_url=fields.pop("broker_url"),
            credentials=Credentials(
                fields.pop("broker_user"), Secret(fields.pop("broker_password"))
            ),
            pid=fields.pop("pid"),
            started_at_ns=fields.pop("started_at_ns"),
            addresses=fields,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FailedPrecondition(
            "the instance in this data directory was started by another version; end it first"
        ) from error
