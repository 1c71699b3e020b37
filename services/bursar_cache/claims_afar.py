"""Claims that another replica holds: what is asked and told of them goes there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from bursar.cache.v1 import cache_pb2 as contract
from bursar.clients.cache import CacheClient
from bursar.errors import InvalidRequest
from bursar_cache.claim_register import ClaimRegister
from bursar_cache.claims import AT
from bursar_cache.flight import Flight


class ClaimsAfar:
    """The other replicas. `at` gives the client of the one at an address."""

    def __init__(
        self, register: ClaimRegister, own_address: str, at: Callable[[str], CacheClient]
    ) -> None:
        self._register = register
        self._own_address = own_address
        self._at = at

    @property
    def replicas(self) -> int:
        """How many are known, this one among them."""
        return self._register.replicas

    async def run(self) -> None:
        """Keeps what is held here, until cancelled."""
        await self._register.run()

    async def take(self, flight: Flight, gone: str = "") -> str:
        """The address of the replica that makes it already; "" where it is made here."""
        return await self._register.take(flight, gone) if self._register.is_needed else ""

    async def release(self, flight: Flight) -> None:
        """Lets others make what failed here."""
        await self._register.release(flight)

    def is_held_by_another(self, token: str) -> bool:
        """Raises InvalidRequest for a claim of no replica that is known."""
        address = token.rpartition(AT)[2]
        if address == self._own_address:
            return False
        if not self._register.knows(address):
            remedy = "give the token as it was given"
            raise InvalidRequest.of("token", f"one of {address}", remedy)
        return True

    async def advance(self, request: contract.AdvanceRequest) -> contract.AdvanceResponse:
        """Tells the replica that holds the claim."""
        return await self._at(request.token.rpartition(AT)[2]).advance(request)

    def awaited(
        self, address: str, request: contract.AwaitRequest
    ) -> AsyncIterator[contract.AwaitResponse]:
        """What is told there. Raises what that replica does, and Unavailable where it is gone."""
        return self._at(address).await_(request)
