"""Who asks for something, for whom, and until when."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass

from bursar.identity.scope import Scope

LOCAL_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller as every service sees it, in process and over the network alike.

    principal: who was authenticated, for example `key:3f2a` or `local:ann`.
    team_id, key_id: empty where there is none.
    deadline_ns: ns since 1970 UTC; None when the caller waits for ever.
    scopes: what it may do besides spending for itself.
    """

    principal: str
    tenant_id: str
    user_id: str
    team_id: str
    key_id: str
    deadline_ns: int | None
    scopes: frozenset[Scope] = frozenset()


def local_caller(deadline_ns: int | None = None) -> Caller:
    """Who calls over loopback without a key: the user of the operating system, tenant `default`."""
    user = _operating_system_user()
    return Caller(
        principal=f"local:{user}",
        tenant_id=LOCAL_TENANT,
        user_id=user,
        team_id="",
        key_id="",
        deadline_ns=deadline_ns,
    )


def _operating_system_user() -> str:
    # By the process' own number: the variables LOGNAME and USER say what anyone set.
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # containers run under numbers that have no name
        return f"uid-{number}"
