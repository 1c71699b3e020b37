"""As whom a command calls: by which key, and for which user."""

from __future__ import annotations

from bursar.identity import Keyring, local_caller, service_key
from bursar.ledger.v1 import ledger_pb2
from bursar.secret import Secret
from bursar.wiring.settings import ProcessSettings


def presented_key(settings: ProcessSettings) -> Secret | None:
    """BURSAR_API_KEY. Without it, where services ask for keys, that of the installation: who can
    read its keyring operates it. None where nobody asks.
    """
    if settings.presented_key is not None or settings.authentication == "none":
        return settings.presented_key
    return service_key(Keyring.open(settings.identity_place))


def own_attribution(settings: ProcessSettings) -> ledger_pb2.Attribution:
    """The user of this machine; empty with an API key, which says it better."""
    if settings.presented_key is not None:
        return ledger_pb2.Attribution()
    caller = local_caller()
    return ledger_pb2.Attribution(tenant_id=caller.tenant_id, user_id=caller.user_id)
