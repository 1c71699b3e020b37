"""One provider: its address, its key, and which headers pass to it and back."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pydantic import SecretStr

from bursar.dialects import BY_PATH, anthropic_messages, openai_chat, openai_responses
from bursar.dialects.dialect import Dialect
from bursar.errors import FailedPrecondition
from bursar.ledger.v1 import ledger_pb2
from bursar.telemetry.context import TRACEPARENT, TraceContext
from bursar_edge.http1.client import ClientTerms, HttpClient
from bursar_edge.http1.head import HOP_BY_HOP, end_to_end
from bursar_edge.http1.request import Headers
from bursar_edge.settings import EdgeSettings, TierName

OWN_PREFIX = b"x-bursar-"
_OWN_PREFIX_BYTES = len(OWN_PREFIX)
_TRACEPARENT = TRACEPARENT.encode()
_KEY_FIELDS = frozenset({b"authorization", b"x-api-key"})
# Written anew for the next connection. Usage can only be read from what is not compressed.
_REPLACED = frozenset({b"host", b"content-length", b"expect", b"accept-encoding", _TRACEPARENT})
_DROPPED = HOP_BY_HOP | _REPLACED
_DROPPED_WITH_KEY = _DROPPED | _KEY_FIELDS
_UNCOMPRESSED = (b"accept-encoding", b"identity")
_TIERS: dict[TierName, ledger_pb2.BackendTier.ValueType] = {
    "paid_api": ledger_pb2.BACKEND_TIER_PAID_API,
    "local_model": ledger_pb2.BACKEND_TIER_LOCAL_MODEL,
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a provider is, and how it is named in the ledger."""

    url: str
    provider: str
    tier: TierName
    key_variable: str


class Upstream:
    """The provider of one wire format."""

    def __init__(
        self, dialect: Dialect, address: Address, api_key: SecretStr | None, terms: ClientTerms
    ) -> None:
        self.dialect = dialect
        self.provider = address.provider
        self.tier = _TIERS[address.tier]
        self.client = HttpClient(address.url.rstrip("/").removesuffix("/v1"), terms)
        self._key_variable = address.key_variable
        key = api_key.get_secret_value() if api_key else os.environ.get(address.key_variable, "")
        fields = dialect.credentials(key) if key else ()
        self._key_fields: Headers = [(name.encode(), value.encode()) for name, value in fields]

    def request_headers(
        self, headers: Headers, trace: TraceContext, *, is_own_key: bool
    ) -> Headers:
        """What goes on: everything but what is for the edge alone. A key of Bursar's never does.

        Raises FailedPrecondition where the caller's key is ours and none is set for the provider.
        """
        if any([name == b"connection" for name, _ in headers]):
            headers = end_to_end(headers)
        dropped = _DROPPED_WITH_KEY if self._key_fields or is_own_key else _DROPPED
        kept = [
            field
            for field in headers
            if field[0] not in dropped and field[0][:_OWN_PREFIX_BYTES] != OWN_PREFIX
        ]
        kept.append(_UNCOMPRESSED)
        kept.append((_TRACEPARENT, trace.traceparent().encode()))
        kept += self._key_fields or self._no_credentials(is_own_key=is_own_key)
        return kept

    def _no_credentials(self, *, is_own_key: bool) -> Headers:
        if is_own_key and self.tier == ledger_pb2.BACKEND_TIER_PAID_API:
            raise FailedPrecondition(
                f"no key for {self.provider} is set here; its operator sets"
                f" BURSAR_EDGE_{self._key_variable} or {self._key_variable}"
            )
        return []


def response_headers(headers: Headers) -> Headers:
    """What comes back: everything but what was for the provider's connection alone, and what
    another edge between here and there told of itself.
    """
    return [
        field
        for field in end_to_end(headers)
        if field[0] != b"content-length" and field[0][:_OWN_PREFIX_BYTES] != OWN_PREFIX
    ]


def upstreams(settings: EdgeSettings) -> dict[str, Upstream]:
    """The provider of each path whose calls are metered."""
    terms = ClientTerms(settings.connect_s, settings.first_byte_s, settings.silence_s)
    anthropic = Address(
        settings.anthropic_url,
        settings.anthropic_provider,
        settings.anthropic_tier,
        "ANTHROPIC_API_KEY",
    )
    openai = Address(
        settings.openai_url, settings.openai_provider, settings.openai_tier, "OPENAI_API_KEY"
    )
    of_path = {
        anthropic_messages.PATH: (anthropic, settings.anthropic_api_key),
        openai_chat.PATH: (openai, settings.openai_api_key),
        openai_responses.PATH: (openai, settings.openai_api_key),
    }
    return {path: Upstream(dialect, *of_path[path], terms) for path, dialect in BY_PATH.items()}
