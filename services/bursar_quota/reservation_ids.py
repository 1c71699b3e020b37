"""Ids of reservations: not to be guessed, since whoever has one may settle it."""

from __future__ import annotations

import os

_ID_BYTES = 16
_FETCHED_IDS = 64  # the system is asked once for so many


class ReservationIds:
    """New ones, without end."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: list[str] = []

    def new(self) -> str:
        if not self._left:
            fetched = os.urandom(_ID_BYTES * _FETCHED_IDS).hex()
            step = 2 * _ID_BYTES
            self._left = [fetched[at : at + step] for at in range(0, len(fetched), step)]
        return f"rsv_{self._left.pop()}"
