"""A file's limits as they stand in the log: with the users' pseudonyms instead of their names."""

from __future__ import annotations

from pathlib import Path

from bursar.identity import LOCAL_TENANT, Keyring, NameTable, Pseudonyms
from bursar.wiring.settings import ProcessSettings
from bursar_quota.domain.limits import Limit
from bursar_quota.limit_requests import limits_of_a_file
from bursar_quota.limits_file import read_limits


def limits_in(path: Path, settings: ProcessSettings) -> list[Limit]:
    """The limits of `path`. Raises InvalidRequest naming what is wrong with it."""
    keyring = Keyring.open(settings.identity_place)
    pseudonyms = Pseudonyms(keyring, NameTable.open(settings.data_dir))
    messages = read_limits(path)
    for message in messages:
        selector = message.selector
        if selector.user_id:
            tenant_id = selector.tenant_id or LOCAL_TENANT
            selector.user_id = pseudonyms.user(tenant_id, selector.user_id)
    return limits_of_a_file(messages)
