"""Who calls, by the key that came with the call."""

from __future__ import annotations

import hmac
from dataclasses import replace

from bursar.errors import Unauthenticated
from bursar.identity.api_keys import ApiKeys
from bursar.identity.caller import Caller
from bursar.identity.keyring import Keyring
from bursar.identity.pseudonyms import Pseudonyms
from bursar.identity.service_key import PREFIX, SERVICE, service_key
from bursar.recently_used import RecentlyUsed

CALLERS_MAX = 4096


class Callers:
    """Lets callers in by their keys, the services of this installation too. Their users are named
    by pseudonym.
    """

    def __init__(self, keys: ApiKeys, pseudonyms: Pseudonyms, keyring: Keyring) -> None:
        self._keys = keys
        self._pseudonyms = pseudonyms
        self._service_key = service_key(keyring).reveal()
        self._by_key_id: RecentlyUsed[str, Caller] = RecentlyUsed(CALLERS_MAX)

    def by_key(self, text: str) -> Caller:
        """Raises Unauthenticated for a key that is not known or was revoked."""
        if text.startswith(PREFIX):
            return self._service(text)
        key = self._keys.verify(text)
        known = self._by_key_id.get(key.key_id)
        if known is not None:
            return known
        caller = key.caller()
        user_id = self._pseudonyms.user(caller.tenant_id, caller.user_id)
        return self._by_key_id.put(key.key_id, replace(caller, user_id=user_id))

    def _service(self, text: str) -> Caller:
        if not hmac.compare_digest(text.encode(errors="replace"), self._service_key):
            raise Unauthenticated(
                "this service key is of another installation; give all services the same keyring"
            )
        return SERVICE
