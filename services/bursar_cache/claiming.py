"""Answers that many ask for at once are made once: the claims as the service offers them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from bursar.cache.v1 import cache_pb2 as contract
from bursar.errors import InvalidRequest
from bursar_cache import wire
from bursar_cache.claims import Claims
from bursar_cache.domain import MissReason
from bursar_cache.flight import COMPLETE, FAILED, REFUSED, Flight
from bursar_cache.journal import Journal, Note, asked_by
from bursar_cache.memory import Place

NS_PER_S = 1_000_000_000
LEASE_NS = 10 * NS_PER_S
LEASE_NS_MAX = 600 * NS_PER_S

PlaceOf = Callable[[contract.LookupRequest], Place]
LookUp = Callable[[contract.LookupRequest], Awaitable[contract.LookupResponse]]
_UNCLAIMED = (MissReason.STRATEGY, MissReason.DAMAGED)


class Claiming:
    """`look_up` notes what it found; `position` is how far the log was read."""

    def __init__(
        self,
        claims: Claims,
        place_of: PlaceOf,
        look_up: LookUp,
        position: Callable[[], int],
        told: tuple[Journal, Callable[[], int]],
    ) -> None:
        self._claims = claims
        self._place_of = place_of
        self._look_up = look_up
        self._position = position
        self._journal, self._clock = told

    async def claim(self, request: contract.ClaimRequest) -> contract.ClaimResponse:
        """Raises InvalidRequest for a lease that is none; Overloaded."""
        lease_ns = _checked(request.lease_ns)
        lookup = request.lookup
        place = self._place_of(lookup)
        if self._claims.under_way(place) is not None:
            answer = contract.LookupResponse(miss_reason=MissReason.CLAIMED)
            return contract.ClaimResponse(answer=answer)
        position = self._position()
        answer = await self._look_up(lookup)
        if answer.is_hit or answer.miss_reason in _UNCLAIMED:
            return contract.ClaimResponse(answer=answer)
        flight = self._claims.begin(place, lease_ns / NS_PER_S)
        claim = contract.Claim(token=flight.token, log_position=position, lease_ns=lease_ns)
        return contract.ClaimResponse(answer=answer, claim=claim)

    async def wait(self, request: contract.AwaitRequest) -> AsyncIterator[contract.AwaitResponse]:
        """Who has heard a part of what fails hears that it failed; the others are given what
        another makes instead, or the claim.
        """
        place = self._place_of(request.lookup)
        while True:
            flight = self._claims.under_way(place)
            if flight is None:
                yield await self._unwaited(request)
                return
            has_heard = False
            async for part in flight.parts():
                has_heard = True
                if part.ending == COMPLETE:
                    self._note_hit(request.lookup, flight)
                yield contract.AwaitResponse(part=part)
            if flight.ending in (COMPLETE, REFUSED):
                return
            if has_heard:
                yield contract.AwaitResponse(part=contract.MadePart(ending=FAILED))
                return

    async def advance(self, request: contract.AdvanceRequest) -> contract.AdvanceResponse:
        """Raises InvalidRequest for no token."""
        if not request.token:
            raise InvalidRequest.of("token", "nothing", "give the token of the claim")
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
        return contract.AdvanceResponse(is_held=True, waiting=flight.waiting)

    async def _unwaited(self, request: contract.AwaitRequest) -> contract.AwaitResponse:
        asked = contract.ClaimRequest(lookup=request.lookup, lease_ns=request.lease_ns)
        found = await self.claim(asked)
        if found.HasField("claim"):
            return contract.AwaitResponse(claim=found.claim)
        return contract.AwaitResponse(answer=found.answer)

    def _note_hit(self, lookup: contract.LookupRequest, flight: Flight) -> None:
        known = wire.made_hit(lookup, flight.place[1], flight.last)
        payload = wire.hit_event(lookup, contract.LAYER_CLAIM, known)
        self._journal.note(Note(wire.HIT, payload, asked_by(lookup.attribution), self._clock()))


def _checked(lease_ns: int) -> int:
    if not 0 <= lease_ns <= LEASE_NS_MAX:
        remedy = f"give 0 for {LEASE_NS} or at most {LEASE_NS_MAX} nanoseconds"
        raise InvalidRequest.of("lease_ns", lease_ns, remedy)
    return lease_ns or LEASE_NS
