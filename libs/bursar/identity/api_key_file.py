"""The file that all processes of one machine keep issued keys in, by their hashes."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bursar.durable_files import (
    PRIVATE_FILE_MODE,
    make_private_directory,
    replace_file,
    storage_errors,
)
from bursar.errors import FailedPrecondition
from bursar.identity.api_key import ApiKey, KeyHolder
from bursar.identity.scope import Scope

API_KEYS_FILE = "api_keys.json"

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key and the keyed hash of its text."""

    key: ApiKey
    text_hash: bytes


StoredKeys = dict[str, StoredKey]
Version = tuple[int, int, int]


class ApiKeyFile:
    """Every issued key by its id. Changes are made one at a time, whoever makes them."""

    def __init__(self, data_dir: Path) -> None:
        make_private_directory(data_dir)
        self._path = data_dir / API_KEYS_FILE
        self._lock_path = data_dir / f"{API_KEYS_FILE}.lock"

    def version(self) -> Version | None:
        """Another one whenever the file is; None when there is no file."""
        with storage_errors(self._path):
            try:
                state = self._path.stat()
            except FileNotFoundError:
                return None
        return state.st_mtime_ns, state.st_ino, state.st_size

    def read(self) -> StoredKeys:
        """All keys. Raises FailedPrecondition when the file is damaged."""
        with storage_errors(self._path):
            try:
                content = self._path.read_bytes()
            except FileNotFoundError:
                return {}
        try:
            fields = json.loads(content)
            if fields["format"] != _FORMAT:
                raise ValueError("another format")
            return {entry["key_id"]: _stored(entry) for entry in fields["keys"]}
        except (ValueError, KeyError, TypeError) as error:
            raise FailedPrecondition(
                f"{self._path} is damaged; restore it from a backup, or delete it and issue keys"
                " again",
                facts={"path": str(self._path)},
            ) from error

    @contextmanager
    def changing(self) -> Iterator[StoredKeys]:
        """All keys to change; they are on disk after the block unless it raised."""
        with storage_errors(self._lock_path):
            lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE_MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = self.read()
            yield keys
            entries = [_entry(stored) for stored in keys.values()]
            content = json.dumps({"format": _FORMAT, "keys": entries}, indent=1)
            replace_file(self._path, content.encode())
        finally:
            os.close(lock)


def _entry(stored: StoredKey) -> dict[str, str | int | list[str] | None]:
    return {
        "key_id": stored.key.key_id,
        "text_hash": stored.text_hash.hex(),
        "tenant_id": stored.key.holder.tenant_id,
        "user_id": stored.key.holder.user_id,
        "team_id": stored.key.holder.team_id,
        "scopes": sorted(stored.key.holder.scopes),
        "issued_at_ns": stored.key.issued_at_ns,
        "revoked_at_ns": stored.key.revoked_at_ns,
    }


def _stored(entry: dict[str, str]) -> StoredKey:
    revoked_at_ns = entry["revoked_at_ns"]
    scopes = frozenset(Scope(name) for name in entry.get("scopes", ()))
    holder = KeyHolder(entry["tenant_id"], entry["user_id"], entry["team_id"], scopes)
    key = ApiKey(
        key_id=entry["key_id"],
        holder=holder,
        issued_at_ns=int(entry["issued_at_ns"]),
        revoked_at_ns=None if revoked_at_ns is None else int(revoked_at_ns),
    )
    return StoredKey(key, bytes.fromhex(entry["text_hash"]))
