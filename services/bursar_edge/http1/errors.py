"""How a provider can fail to answer. What is charged depends on which it was."""

from __future__ import annotations

from bursar.errors import DeadlineExceeded, Unavailable


class Unreachable(Unavailable):
    """No connection was made: nothing was sent."""


class BrokeOff(Unavailable):
    """The connection ended, or what came was no HTTP, before the answer was whole."""


class TooSlow(DeadlineExceeded):
    """Nothing came for too long."""
