"""Answers that many ask for at once are made once: the claims as the service offers them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from bursar.cache.v1 import cache_pb2 as contract
from bursar.errors import BursarError, InvalidRequest
from bursar_cache.claims import Claims
from bursar_cache.claims_afar import ClaimsAfar
from bursar_cache.domain import MissReason
from bursar_cache.flight import COMPLETE, FAILED
from bursar_cache.layers import Answer
from bursar_cache.lookups import Lookups

NS_PER_S = 1_000_000_000
LEASE_NS = 10 * NS_PER_S
LEASE_NS_MAX = 600 * NS_PER_S
_UNCLAIMED = (MissReason.STRATEGY, MissReason.DAMAGED)
_CLAIMED = contract.ClaimResponse(answer=contract.LookupResponse(miss_reason=MissReason.CLAIMED))
_logger = logging.getLogger(__name__)


class _Outcome(NamedTuple):
    """What came of a claim; `elsewhere` is the address of another replica that has it."""

    response: contract.ClaimResponse
    elsewhere: str = ""


class Claiming:
    """`position` is how far the log was read. `afar` is None where there is no other replica."""

    def __init__(
        self,
        claims: Claims,
        lookups: Lookups,
        position: Callable[[], int],
        afar: ClaimsAfar | None = None,
    ) -> None:
        self._claims = claims
        self._lookups = lookups
        self._position = position
        self._afar = afar

    async def claim(self, request: contract.ClaimRequest) -> contract.ClaimResponse:
        """Raises InvalidRequest for a lease that is none; Overloaded."""
        return (await self._claimed(request)).response

    async def wait(self, request: contract.AwaitRequest) -> AsyncIterator[contract.AwaitResponse]:
        """Who has heard a part of what fails hears that it failed; the others are given what
        another makes instead, or the claim.
        """
        hearing = _Hearing()
        while not hearing.is_over:
            async for told in self._told(request, hearing):
                hearing.note(told)
                yield told

    async def advance(self, request: contract.AdvanceRequest) -> contract.AdvanceResponse:
        """Raises InvalidRequest for no token."""
        if not request.token:
            raise InvalidRequest.of("token", "nothing", "give the token of the claim")
        if self._afar is not None and self._afar.is_held_by_another(request.token):
            return await self._afar.advance(request)
        part = contract.MadePart(
            content=request.content,
            status=request.status,
            content_type=request.content_type,
            ending=request.ending,
        )
        if request.ending == COMPLETE:
            part.usage.CopyFrom(request.usage)
            part.cost.CopyFrom(request.cost)
        flight = self._claims.advance(request.token, part, lingers=request.is_to_be_kept)
        if flight is None:
            return contract.AdvanceResponse(is_held=False)
        if self._afar is not None and flight.ending:
            await self._afar.release(flight)
        return contract.AdvanceResponse(is_held=True, waiting=flight.waiting)

    async def _told(
        self, request: contract.AwaitRequest, hearing: _Hearing
    ) -> AsyncIterator[contract.AwaitResponse]:
        """What is told until its end, or until there is something else to hear."""
        flight = self._claims.under_way(self._lookups.place_of(request.lookup))
        if flight is not None:
            async for part in flight.parts():
                if part.ending == COMPLETE:
                    self._lookups.made(request.lookup, flight)
                yield contract.AwaitResponse(part=part)
            if hearing.has_begun and not hearing.is_over:
                yield _failed()
            return
        asked = contract.ClaimRequest(lookup=request.lookup, lease_ns=request.lease_ns)
        found, address = await self._claimed(asked, hearing.gone)
        if address and self._afar is not None:
            async for told in self._told_afar(self._afar, address, request, hearing):
                yield told
        elif found.HasField("claim"):
            yield contract.AwaitResponse(claim=found.claim)
        elif found.answer.miss_reason != MissReason.CLAIMED:
            yield contract.AwaitResponse(answer=found.answer)

    @staticmethod
    async def _told_afar(
        afar: ClaimsAfar, address: str, request: contract.AwaitRequest, hearing: _Hearing
    ) -> AsyncIterator[contract.AwaitResponse]:
        try:
            async for told in afar.awaited(address, request):
                yield told
        except BursarError as error:
            _logger.warning("the replica that makes an answer is gone: %s", error.message)
            hearing.gone = address
            if hearing.has_begun:
                yield _failed()

    async def _claimed(self, request: contract.ClaimRequest, gone: str = "") -> _Outcome:
        lease_ns = _checked(request.lease_ns)
        lookup = request.lookup
        place = self._lookups.place_of(lookup)
        if self._claims.under_way(place) is not None:
            return _Outcome(_CLAIMED)
        position = self._position()
        found = self._lookups.find(lookup, place)
        if isinstance(found, Answer):
            return _Outcome(contract.ClaimResponse(answer=self._lookups.hit(lookup, found)))
        if found in _UNCLAIMED:
            missed = self._lookups.miss(lookup, place, found)
            return _Outcome(contract.ClaimResponse(answer=missed))
        flight = self._claims.begin(place, lease_ns / NS_PER_S)
        address = "" if self._afar is None else await self._afar.take(flight, gone)
        if address:
            self._claims.drop(flight)
            return _Outcome(_CLAIMED, address)
        claim = contract.Claim(token=flight.token, log_position=position, lease_ns=lease_ns)
        missed = self._lookups.miss(lookup, place, found)
        return _Outcome(contract.ClaimResponse(answer=missed, claim=claim))


class _Hearing:
    """How much one who waits has heard. At `gone` was a replica that could not be reached."""

    def __init__(self) -> None:
        self.has_begun = False
        self.is_over = False
        self.gone = ""

    def note(self, told: contract.AwaitResponse) -> None:
        self.has_begun = True
        self.is_over = not told.HasField("part") or bool(told.part.ending)


def _failed() -> contract.AwaitResponse:
    return contract.AwaitResponse(part=contract.MadePart(ending=FAILED))


def _checked(lease_ns: int) -> int:
    if not 0 <= lease_ns <= LEASE_NS_MAX:
        remedy = f"give 0 for {LEASE_NS} or at most {LEASE_NS_MAX} nanoseconds"
        raise InvalidRequest.of("lease_ns", lease_ns, remedy)
    return lease_ns or LEASE_NS
