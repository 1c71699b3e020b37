"""Where an event stands, as its envelope and its frame say."""

from __future__ import annotations

from typing import NamedTuple

from bursar_quota.domain.calls import Origin


class Place(NamedTuple):
    """Number in the stream, the writer's time, and whose fact it is."""

    number: int
    at_ns: int
    origin: Origin
