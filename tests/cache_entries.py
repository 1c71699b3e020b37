"""Entries for the tests of the cache."""

from __future__ import annotations

from hashlib import sha256

from bursar.cache.v1 import cache_pb2 as contract
from bursar.ledger.v1 import ledger_pb2

ATTRIBUTION = ledger_pb2.Attribution(tenant_id="acme", task_id="task_1", call_id="call_1")
HOUR_NS = 3_600 * 10**9


def key_of(name: str) -> bytes:
    return sha256(name.encode()).digest()


def entry_of(content: bytes = b"an answer", model: str = "claude", tags=()) -> contract.Entry:
    return contract.Entry(
        content=content,
        content_kind="anthropic.messages",
        usage=ledger_pb2.TokenUsage(input_tokens=100, output_tokens=20),
        cost=ledger_pb2.Cost(total_nano_usd=7_000, is_known=True),
        tags=tags,
        target=ledger_pb2.Target(provider="anthropic", model=model),
    )


def lookup_of(name: str, attribution=ATTRIBUTION, **fields) -> contract.LookupRequest:
    key = contract.Key(exact_key=key_of(name))
    return contract.LookupRequest(attribution=attribution, key=key, **fields)


def store_of(name: str, entry=None, attribution=ATTRIBUTION, **fields) -> contract.StoreRequest:
    fields = {"is_complete": True, **fields}
    key = contract.Key(exact_key=key_of(name))
    return contract.StoreRequest(
        attribution=attribution, key=key, entry=entry or entry_of(), **fields
    )
