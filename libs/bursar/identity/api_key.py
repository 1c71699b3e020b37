"""An API key and what is known about it."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass, replace

from bursar.identity.caller import Caller
from bursar.identity.scope import Scope
from bursar.secret import Secret

# Where the id stands in the text of a key.
ID_PLACE = slice(4, 20)

_ID_BYTES = 10
_SECRET_BYTES = 32
_TEXT = re.compile(r"bsr_([0-9a-v]{16})_[0-9a-v]{52}")


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom a key speaks for, and what it may do besides spending for them."""

    tenant_id: str
    user_id: str
    team_id: str = ""
    scopes: frozenset[Scope] = frozenset()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of an issued key; its text is not. Instants in ns since 1970 UTC."""

    key_id: str
    holder: KeyHolder
    issued_at_ns: int
    revoked_at_ns: int | None = None

    def caller(self, deadline_ns: int | None = None) -> Caller:
        """Who calls with this key."""
        return Caller(
            principal=f"key:{self.key_id}",
            tenant_id=self.holder.tenant_id,
            user_id=self.holder.user_id,
            team_id=self.holder.team_id,
            key_id=self.key_id,
            deadline_ns=deadline_ns,
            scopes=self.holder.scopes,
        )

    def revoked(self, now_ns: int) -> ApiKey:
        """The same key, refused from now on; the first revocation counts."""
        return self if self.revoked_at_ns is not None else replace(self, revoked_at_ns=now_ns)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key and, this once, its text `bsr_<id>_<secret>`."""

    key: ApiKey
    text: Secret


def new_key_text() -> tuple[str, Secret]:
    """The id and the text of a key with 256 random bits."""
    key_id = _base32(secrets.token_bytes(_ID_BYTES))
    return key_id, Secret(f"bsr_{key_id}_{_base32(secrets.token_bytes(_SECRET_BYTES))}")


def key_id_of(text: str) -> str | None:
    """The id in the text of a key; None when it does not have the form of one."""
    found = _TEXT.fullmatch(text)
    return None if found is None else found[1]


def _base32(content: bytes) -> str:
    return base64.b32hexencode(content).decode().rstrip("=").lower()
