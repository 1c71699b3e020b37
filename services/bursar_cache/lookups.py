"""Look-ups of the very same request: found, and noted in the log."""

from __future__ import annotations

from bursar.cache.v1 import cache_pb2 as contract
from bursar.wiring.module import Ground
from bursar_cache import domain, wire
from bursar_cache.flight import Flight
from bursar_cache.journal import Journal, Note, asked_by
from bursar_cache.layers import Answer, Layers
from bursar_cache.memory import Place


class Lookups:
    """`is_blind`: nothing may be given, as it is not known what others forgot."""

    def __init__(self, ground: Ground, layers: Layers, journal: Journal) -> None:
        self.is_blind = False
        self._layers = layers
        self._journal = journal
        self._clock = ground.clock
        self._keyed_hash = ground.keyring.keyed_hash

    def place_of(self, request: contract.LookupRequest) -> Place:
        """Raises InvalidRequest for a request without a key."""
        return wire.place_of(request.attribution, request.key, self._keyed_hash)

    def find(self, request: contract.LookupRequest, place: Place) -> Answer | domain.MissReason:
        """Notes nothing: `hit` or `miss` does."""
        if not domain.is_looked_up(wire.strategy_of(request.strategy)):
            return domain.MissReason.STRATEGY
        if self.is_blind:
            return domain.MissReason.DAMAGED
        return self._layers.find(place, self._clock())

    def hit(self, request: contract.LookupRequest, found: Answer) -> contract.LookupResponse:
        payload = wire.hit_event(request, found.layer, found.hit)
        self._note(wire.HIT, payload, request)
        return found.response

    def made(self, request: contract.LookupRequest, flight: Flight) -> None:
        """A hit on what was made while its asker waited."""
        known = wire.made_hit(request, flight.place[1], flight.last)
        self._note(wire.HIT, wire.hit_event(request, contract.LAYER_CLAIM, known), request)

    def miss(
        self, request: contract.LookupRequest, place: Place, reason: domain.MissReason
    ) -> contract.LookupResponse:
        self._note(wire.MISS, wire.miss_event(request, place[1], reason), request)
        return contract.LookupResponse(miss_reason=reason)

    def _note(self, kind: str, payload: bytes, request: contract.LookupRequest) -> None:
        self._journal.note(Note(kind, payload, asked_by(request.attribution), self._clock()))
