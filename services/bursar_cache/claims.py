"""Who makes which answer now: one at a time, for as long as it tells of it."""

from __future__ import annotations

import secrets

from bursar.cache.v1 import cache_pb2 as contract
from bursar.errors import Overloaded
from bursar_cache.domain import Selection, Selector
from bursar_cache.flight import COMPLETE, Flight, now_s
from bursar_cache.memory import Place

CLAIMS_MAX = 65_536
SWEPT_FROM = 1_024
LINGER_S = 2.0
TOKEN_BYTES = 16
AT = "@"  # in a token, before the address
RETRY_AFTER_NS = 100_000_000


class Claims:
    """Those of the replica at `address`, which their tokens name."""

    def __init__(self, address: str = "") -> None:
        self._address = address
        self._by_place: dict[Place, Flight] = {}
        self._by_token: dict[str, Flight] = {}
        self._sweep_at = SWEPT_FROM

    def __len__(self) -> int:
        return len(self._by_token)

    def under_way(self, place: Place) -> Flight | None:
        """What is being made there, or was and is not kept yet."""
        flight = self._by_place.get(place)
        if flight is None or flight.lease_ends_s > now_s():
            return flight
        self._end(flight)
        return None

    def begin(self, place: Place, lease_s: float) -> Flight:
        """The right to make what nobody makes. Raises Overloaded for too many at once."""
        if len(self._by_token) >= self._sweep_at:
            self._sweep()
        token = f"{secrets.token_hex(TOKEN_BYTES)}{AT}{self._address}"
        flight = Flight(place, token, lease_s)
        self._by_place[place] = self._by_token[flight.token] = flight
        return flight

    def advance(self, token: str, part: contract.MadePart, *, lingers: bool) -> Flight | None:
        """Tells those who wait; None where the claim is no longer held. A complete answer that
        `lingers` is given to who asks until it is kept.
        """
        flight = self._by_token.get(token)
        if flight is None or flight.ending or flight.lease_ends_s <= now_s():
            return None
        flight.tell(part)
        if flight.ending == COMPLETE and lingers:
            flight.lease_ends_s = now_s() + LINGER_S
        elif flight.ending:
            self._end(flight)
        else:
            flight.lease_ends_s = now_s() + flight.lease_s
        return flight

    def drop(self, flight: Flight) -> None:
        """Nothing is made under it; who waits asks again."""
        self._end(flight)

    def kept(self, place: Place) -> None:
        """The answer is found by look-ups from now on."""
        flight = self._by_place.get(place)
        if flight is not None and flight.ending == COMPLETE:
            self._end(flight)

    def forget(self, selection: Selection) -> None:
        """What is made of it is for those alone who asked before. Where it is not known what an
        answer will be like, it may be of it.
        """
        for place, flight in list(self._by_place.items()):
            is_selected = selection.selector is not Selector.KEY or place[1] == selection.exact_key
            if place[0] == selection.tenant_id and is_selected:
                self._let_go(flight)

    def _end(self, flight: Flight) -> None:
        if not flight.ending:
            flight.fail()
        self._by_token.pop(flight.token, None)
        self._let_go(flight)

    def _let_go(self, flight: Flight) -> None:
        if self._by_place.get(flight.place) is flight:
            del self._by_place[flight.place]

    def _sweep(self) -> None:
        for flight in list(self._by_token.values()):
            if flight.lease_ends_s <= now_s():
                self._end(flight)
        if len(self._by_token) >= CLAIMS_MAX:
            raise Overloaded("too many answers are being made", retry_after_ns=RETRY_AFTER_NS)
        self._sweep_at = min(CLAIMS_MAX, max(SWEPT_FROM, 2 * len(self._by_token)))
