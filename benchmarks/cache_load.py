"""Entries of the cache's benchmarks: 4 KB answers of words, each with its key."""

from __future__ import annotations

from hashlib import sha256
from random import Random

from bursar.cache.v1 import cache_pb2 as contract
from bursar.ledger.v1 import ledger_pb2

ENTRY_BYTES = 4_096
ATTRIBUTION = ledger_pb2.Attribution(tenant_id="acme", call_id="call")


def key_of(name: str) -> contract.Key:
    return contract.Key(exact_key=sha256(name.encode()).digest())


def lookup_of(name: str) -> contract.LookupRequest:
    return contract.LookupRequest(attribution=ATTRIBUTION, key=key_of(name))


def store_of(number: int, *, is_written_behind: bool = False) -> contract.StoreRequest:
    words = Random(number)
    content = " ".join(f"{words.randrange(5_000)} of" for _ in range(ENTRY_BYTES // 7))
    entry = contract.Entry(
        content=content.encode()[:ENTRY_BYTES],
        content_kind="bench",
        usage=ledger_pb2.TokenUsage(input_tokens=900, output_tokens=200),
        cost=ledger_pb2.Cost(total_nano_usd=5_000_000, is_known=True),
        target=ledger_pb2.Target(provider="openai", model="gpt-4o"),
    )
    return contract.StoreRequest(
        attribution=ATTRIBUTION,
        key=key_of(str(number)),
        entry=entry,
        is_complete=True,
        is_written_behind=is_written_behind,
    )
