"""Issuing, verifying and revoking API keys."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from pathlib import Path

from bursar.errors import InvalidRequest, NotFound, Overloaded, Unauthenticated
from bursar.identity.api_key import (
    ID_PLACE,
    ApiKey,
    IssuedKey,
    KeyHolder,
    key_id_of,
    new_key_text,
)
from bursar.identity.api_key_file import ApiKeyFile, StoredKey, StoredKeys
from bursar.identity.keyed_hash import KeyedHash
from bursar.identity.keyring import Keyring, Purpose

MAX_KEYS = 100_000
SEEN_WITHIN_NS = 1_000_000_000

_NO_HASH = bytes(32)


class ApiKeys:
    """The keys that are known here: `bsr_<id>_<secret>`, kept only as HMAC-SHA256 of their text.

    The secret is 256 random bits, so a slow hash would protect nothing more. A key issued by
    another process is known at once, one revoked there is refused within `SEEN_WITHIN_NS`.
    """

    def __init__(
        self, file: ApiKeyFile, keyring: Keyring, clock_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._file = file
        self._clock_ns = clock_ns
        self._hash_of = KeyedHash(keyring.key(Purpose.API_KEYS).reveal()).digest
        self._version = file.version()
        self._keys: StoredKeys = file.read()
        self._looked_at_ns = clock_ns()

    @classmethod
    def open(cls, data_dir: Path, keyring: Keyring) -> ApiKeys:
        """The keys of `data_dir`; none at first."""
        return cls(ApiKeyFile(data_dir), keyring)

    def verify(self, text: str) -> ApiKey:
        """The key whose text this is.

        Raises Unauthenticated when it is not one, not known or revoked, and does not say which.
        """
        if self._clock_ns() - self._looked_at_ns > SEEN_WITHIN_NS:
            self._look_again()
        # Of whatever this text is: its hash decides, and a known key is found without its form.
        stored = self._keys.get(text[ID_PLACE])
        if stored is None and key_id_of(text) is not None:
            self._look_again()
            stored = self._keys.get(text[ID_PLACE])
        expected = _NO_HASH if stored is None else stored.text_hash
        right = hmac.compare_digest(self._hash_of(text.encode(errors="replace")), expected)
        if stored is None or not right or stored.key.revoked_at_ns is not None:
            raise _refused()
        return stored.key

    def issue(self, holder: KeyHolder, now_ns: int) -> IssuedKey:
        """A new key for `holder`; its text is shown in this answer and never again."""
        if not holder.tenant_id or not holder.user_id:
            raise InvalidRequest.of("holder", holder, "name a tenant and a user")
        key_id, text = new_key_text()
        key = ApiKey(key_id=key_id, holder=holder, issued_at_ns=now_ns)
        with self._file.changing() as keys:
            if len(keys) >= MAX_KEYS:
                raise Overloaded(f"{MAX_KEYS} keys are issued; remove revoked ones from the file")
            keys[key_id] = StoredKey(key, self._hash_of(text.reveal()))
        self._look_again()
        return IssuedKey(key, text)

    def revoke(self, key_id: str, now_ns: int) -> ApiKey:
        """The key is refused from now on; again does nothing. Raises NotFound."""
        with self._file.changing() as keys:
            stored = keys.get(key_id)
            if stored is None:
                raise NotFound(f"there is no API key {key_id!r}", facts={"key_id": key_id})
            revoked = stored.key.revoked(now_ns)
            keys[key_id] = StoredKey(revoked, stored.text_hash)
        self._look_again()
        return revoked

    def issued_keys(self) -> tuple[ApiKey, ...]:
        """All keys in the order of their issue, revoked ones too."""
        self._look_again()
        return tuple(stored.key for stored in self._keys.values())

    def _look_again(self) -> None:
        self._looked_at_ns = self._clock_ns()
        version = self._file.version()  # before the read: a later change shows the next time
        if version != self._version:
            self._keys, self._version = self._file.read(), version


def _refused() -> Unauthenticated:
    return Unauthenticated("this API key is not known or was revoked; ask for a new one")
