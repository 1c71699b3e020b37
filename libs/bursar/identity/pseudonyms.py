"""Exchanging names for pseudonyms at the doors where names come in."""

from __future__ import annotations

import re

from bursar.identity.keyring import Keyring
from bursar.identity.name_table import NameTable
from bursar.recently_used import RecentlyUsed

USER = "user"
EXCHANGED_MAX = 4096

_USER_PSEUDONYM = re.compile(r"user_[0-9a-v]{16}")


class Pseudonyms:
    """What stands for a person in every event. Who it stands for is remembered in the erasable
    table before the pseudonym is first given out.
    """

    def __init__(self, keyring: Keyring, names: NameTable) -> None:
        self._keyring = keyring
        self._names = names
        self._exchanged: RecentlyUsed[tuple[str, str], str] = RecentlyUsed(EXCHANGED_MAX)

    def user(self, tenant_id: str, name: str) -> str:
        """The pseudonym of a user's name. One that is a pseudonym already, or empty, stays as it
        is, so that a name may pass several doors.

        A name that is new to this process costs a write to disk.
        """
        if not name or _USER_PSEUDONYM.fullmatch(name):
            return name
        known = self._exchanged.get((tenant_id, name))
        if known is not None:
            return known
        pseudonym = self._keyring.pseudonym(tenant_id, USER, name)
        self._names.remember(tenant_id, pseudonym, name)
        return self._exchanged.put((tenant_id, name), pseudonym)
