"""Who calls, which keys are theirs, and how persons and content are named without being shown."""

from bursar.identity.api_key import ApiKey, IssuedKey, KeyHolder
from bursar.identity.api_keys import ApiKeys
from bursar.identity.caller import LOCAL_TENANT, Caller, local_caller
from bursar.identity.callers import Callers
from bursar.identity.keyring import Keyring, Purpose
from bursar.identity.name_table import NameTable
from bursar.identity.pseudonyms import Pseudonyms
from bursar.identity.scope import Scope
from bursar.identity.service_key import service_key

__all__ = [
    "LOCAL_TENANT",
    "ApiKey",
    "ApiKeys",
    "Caller",
    "Callers",
    "IssuedKey",
    "KeyHolder",
    "Keyring",
    "NameTable",
    "Pseudonyms",
    "Purpose",
    "Scope",
    "local_caller",
    "service_key",
]
