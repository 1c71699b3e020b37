"""Ids of reservations: not to be guessed, since whoever has one may settle it.

Each begins with its partition, so that whoever gets one back knows who holds it.
"""

from __future__ import annotations

import os
import re

_ID_BYTES = 16
_FETCHED_IDS = 64  # the system is asked once for so many
_ID = re.compile(r"rsv_([0-9a-f]{2})[0-9a-f]{32}")


class ReservationIds:
    """New ones of a partition, without end."""

    __slots__ = ("_left", "_prefix")

    def __init__(self, partition: int = 0) -> None:
        self._left: list[str] = []
        self._prefix = f"rsv_{partition:02x}"

    def new(self) -> str:
        if not self._left:
            fetched = os.urandom(_ID_BYTES * _FETCHED_IDS).hex()
            step = 2 * _ID_BYTES
            self._left = [fetched[at : at + step] for at in range(0, len(fetched), step)]
        return self._prefix + self._left.pop()


def partition_of(reservation_id: str) -> int:
    """Where the reservation was made; 0 for an id that was never given."""
    found = _ID.fullmatch(reservation_id)
    return 0 if found is None else int(found[1], 16)
