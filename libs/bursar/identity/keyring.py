"""The keys of all tenants, derived from one root key that stands in one private file."""

from __future__ import annotations

import base64
import hmac
import json
import re
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bursar.durable_files import create_file, make_private_directory, storage_errors
from bursar.errors import FailedPrecondition, InvalidRequest
from bursar.identity.keyed_hash import KeyedHash
from bursar.secret import Secret

KEY_BYTES = 32
KEYRING_FILE = "keyring.json"

_FORMAT = 1
_KEYS_HELD = 4096
_PSEUDONYM_BYTES = 10  # 16 characters of base 32: 80 bits
_KIND = re.compile(r"[a-z][a-z0-9]{0,31}")
# Another user may not read it, the group may not write it; a group that reads it is how clusters
# hand a mounted secret to a process that is not root.
_REFUSED_MODE = 0o037


class Purpose(StrEnum):
    """What a key is for. The same content under two purposes has unrelated hashes."""

    CONTENT = "content"
    BLOBS = "blobs"
    PSEUDONYMS = "pseudonyms"
    API_KEYS = "api-keys"
    SERVICES = "services"
    MARKS = "marks"


class Keyring:
    """Hashes and pseudonyms that nobody can guess or compare between tenants without the root key.

    Who loses the root key loses no data, but every hash, pseudonym and API key is then another one.
    """

    def __init__(self, root_key: Secret) -> None:
        if len(root_key.reveal()) != KEY_BYTES:
            raise ValueError(f"a root key has {KEY_BYTES} bytes")
        self._root_key = root_key
        self._derived = lru_cache(maxsize=_KEYS_HELD)(self._derive)
        self._keyed = lru_cache(maxsize=_KEYS_HELD)(self._keyed_by)

    @classmethod
    def open(cls, data_dir: Path) -> Keyring:
        """The keyring of `data_dir`, made at the first time; every process gets the same.

        Raises FailedPrecondition when it is damaged or others may read it; it is never replaced.
        """
        path = data_dir / KEYRING_FILE
        make_private_directory(data_dir)
        if not path.exists():
            root_key = Secret.random(KEY_BYTES).reveal().hex()
            create_file(path, json.dumps({"format": _FORMAT, "root_key": root_key}).encode())
        return cls(_read(path))

    def key(self, purpose: Purpose, tenant_id: str = "") -> Secret:
        """The key for `purpose` of one tenant, or of the whole installation; 32 bytes."""
        return self._derived(purpose, tenant_id)

    def keyed_hash(self, tenant_id: str, content: bytes) -> bytes:
        """HMAC-SHA256 of a prompt or a path under the tenant's key; 32 bytes."""
        return self._keyed(Purpose.CONTENT, tenant_id).digest(content)

    def blob_address(self, tenant_id: str, content: bytes) -> bytes:
        """HMAC-SHA256 of a blob under the tenant's key, its address in the blob store; 32 bytes."""
        return self._keyed(Purpose.BLOBS, tenant_id).digest(content)

    def pseudonym(self, tenant_id: str, kind: str, name: str) -> str:
        """What stands for `name` in events: `kind`, an underscore and 16 characters; always the
        same for one tenant, kind and name.

        kind: lower-case letters and digits, for example `user`.
        """
        if _KIND.fullmatch(kind) is None:
            raise InvalidRequest.of("kind", kind, "use 1 to 32 lower-case letters and digits")
        key = self.key(Purpose.PSEUDONYMS, tenant_id).reveal()
        digest = hmac.digest(key, f"{kind}\0{name}".encode(), "sha256")
        return f"{kind}_{base64.b32hexencode(digest[:_PSEUDONYM_BYTES]).decode().lower()}"

    def _keyed_by(self, purpose: Purpose, tenant_id: str) -> KeyedHash:
        return KeyedHash(self.key(purpose, tenant_id).reveal())

    def _derive(self, purpose: Purpose, tenant_id: str) -> Secret:
        # No purpose holds a zero byte, so no two pairs give the same info.
        info = f"bursar/{purpose}\0{tenant_id}".encode()
        derivation = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info)
        return Secret(derivation.derive(self._root_key.reveal()))


def _read(path: Path) -> Secret:
    with storage_errors(path):
        mode = path.stat().st_mode & 0o777
        content = path.read_bytes()
    if mode & _REFUSED_MODE:
        raise FailedPrecondition(
            f"{path} is open to others (mode {mode:o}); `chmod 600` it, and if others were on this"
            " machine treat its keys as known",
            facts={"path": str(path), "mode": f"{mode:o}"},
        )
    try:
        fields = json.loads(content)
        if fields["format"] != _FORMAT:
            raise ValueError("another format")
        root_key = bytes.fromhex(fields["root_key"])
        if len(root_key) != KEY_BYTES:
            raise ValueError("another length")
    except (ValueError, KeyError, TypeError) as error:
        # Not `from error`: its text may hold part of the key.
        raise FailedPrecondition(
            f"{path} is damaged ({type(error).__name__}); restore it from a backup: without it"
            " existing pseudonyms, hashes and API keys no longer match",
            facts={"path": str(path)},
        ) from None
    return Secret(root_key)
