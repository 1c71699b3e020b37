"""The key by which the services of one installation know each other."""

from __future__ import annotations

import base64

from bursar.identity.caller import Caller
from bursar.identity.keyring import Keyring, Purpose
from bursar.identity.scope import Scope
from bursar.secret import Secret

PREFIX = "bsr_service_"

SERVICE = Caller(
    principal="service",
    tenant_id="",
    user_id="",
    team_id="",
    key_id="",
    deadline_ns=None,
    scopes=frozenset(Scope),
)


def service_key(keyring: Keyring) -> Secret:
    """`bsr_service_…`: the same in every process that has this keyring, so that sharing its file is
    enough. It speaks for any tenant.
    """
    key = keyring.key(Purpose.SERVICES).reveal()
    return Secret(PREFIX + base64.b32hexencode(key).decode().rstrip("=").lower())
