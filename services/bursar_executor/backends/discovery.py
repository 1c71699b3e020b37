"""Finds models: those of configured providers, of servers at their usual local addresses, and the
embedded demonstration model.
"""

from __future__ import annotations

import asyncio
import time

import aiohttp

from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.prices.book import PriceBook
from bursar.prices.rows import PriceRow
from bursar_executor.backends.demonstration import Demonstration
from bursar_executor.backends.model import MODEL_CAPABILITIES, Means, ModelBackend
from bursar_executor.endpoints import (
    PROVIDERS,
    Endpoint,
    configured_endpoints,
    local_endpoints,
)
from bursar_executor.models.free import free_row
from bursar_executor.models.gate import Gate
from bursar_executor.models.source import Standing
from bursar_executor.models.speaking import DIALECTS
from bursar_executor.settings import ExecutorSettings
from bursar_executor.subprocesses.subprocesses import Subprocesses

LOOKED_AGAIN_AFTER_S = 30.0
FREE_TIERS = (ledger_pb2.BACKEND_TIER_LOCAL_MODEL,)
# Stand in the list for whom could be asked if they were there.
MISSING = (
    *(
        planner_pb2.Backend(
            backend_id=f"{provider.name}/{provider.usual_model}",
            target=ledger_pb2.Target(
                provider=provider.name,
                model=provider.usual_model,
                tier=ledger_pb2.BACKEND_TIER_PAID_API,
            ),
            capabilities=MODEL_CAPABILITIES,
            remedy=f"set {provider.key_variable}",
        )
        for provider in PROVIDERS
    ),
    planner_pb2.Backend(
        backend_id="local-server",
        target=ledger_pb2.Target(provider="ollama", tier=ledger_pb2.BACKEND_TIER_LOCAL_MODEL),
        capabilities=MODEL_CAPABILITIES,
        remedy="run Ollama or llama.cpp on this machine",
    ),
)


class Discovery:
    """The models known now. Local servers are looked for again after a while; they come and go."""

    def __init__(self, settings: ExecutorSettings, subprocesses: Subprocesses) -> None:
        self._demonstration = Demonstration(settings, subprocesses)
        self._settings = settings
        self._gates: dict[str, Gate] = {}
        self._servers = tuple(settings.local_servers.items())
        self._prices: PriceBook | None = None
        self._configured: tuple[Endpoint, ...] = ()
        self._known: list[ModelBackend] = []
        self._looked_at_s = float("-inf")
        self._looking = asyncio.Lock()

    @property
    def known(self) -> list[ModelBackend]:
        """What the last look found, and what was named since."""
        return self._known

    def missing(self) -> tuple[planner_pb2.Backend, ...]:
        """Who could be had, with the remedy, where no model but the demonstration is there."""
        return () if len(self._known) > 1 else MISSING

    async def models(self, session: aiohttp.ClientSession) -> list[ModelBackend]:
        """Local servers first, then the demonstration model, then paid APIs."""
        async with self._looking:
            if time.monotonic() - self._looked_at_s >= LOOKED_AGAIN_AFTER_S:
                self._known = await self._found(session)
                self._looked_at_s = time.monotonic()
        return self._known

    async def _found(self, session: aiohttp.ClientSession) -> list[ModelBackend]:
        self._configured = configured_endpoints()
        if self._configured and self._prices is None:
            self._prices = await asyncio.to_thread(PriceBook.load)
        found = [
            self.backend(endpoint, model, session)
            for endpoint in await local_endpoints(session, self._servers)
            for model in endpoint.models
        ]
        found.append(self._demonstration.backend(session))
        found += [
            self.backend(endpoint, model, session)
            for endpoint in self._configured
            for model in endpoint.models
        ]
        return found

    def named(self, model: str, session: aiohttp.ClientSession) -> ModelBackend | None:
        """A model that a configured provider serves, going by its name, though nobody listed it."""
        provider = _serving(model)
        for endpoint in self._configured:
            if endpoint.provider == provider:
                added = self.backend(endpoint, model, session)
                self._known.append(added)
                return added
        return None

    def backend(
        self, endpoint: Endpoint, model: str, session: aiohttp.ClientSession
    ) -> ModelBackend:
        """One model of an endpoint that is there."""
        described = planner_pb2.Backend(
            backend_id=f"{endpoint.provider}/{model}",
            target=ledger_pb2.Target(provider=endpoint.provider, model=model, tier=endpoint.tier),
            capabilities=MODEL_CAPABILITIES,
            is_available=True,
        )
        means = Means(
            Standing(endpoint),
            self._gate(endpoint),
            DIALECTS[endpoint.speaks],
            session,
            self._price(endpoint, model),
        )
        return ModelBackend(described, means)

    def _gate(self, endpoint: Endpoint) -> Gate:
        """The same for all models of an endpoint, however often they are looked for."""
        gate = self._gates.get(endpoint.base_url)
        if gate is None:
            name = f"{endpoint.provider} at {endpoint.base_url}"
            gate = self._gates[endpoint.base_url] = Gate(name, self._settings.gate_terms)
        return gate

    def _price(self, endpoint: Endpoint, model: str) -> PriceRow | None:
        """What it costs; nothing where nobody bills, None where the price is not known."""
        if endpoint.tier in FREE_TIERS:
            return free_row(endpoint.provider, model)
        if self._prices is None:
            return None
        return self._prices.find(endpoint.provider, model, time.time_ns())

    async def close(self) -> None:
        await self._demonstration.close()


def _serving(model: str) -> str:
    """The provider that a model's name tells of."""
    if model.startswith("claude"):
        return "anthropic"
    return "google" if model.startswith("gemini") else "openai"
