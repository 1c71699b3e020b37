"""What every part of Bursar shares: contracts, the event log, the network, words.

`bursar.Client` is for callers: it is imported when it is asked for, so that nobody else pays for
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bursar.client import Client

__all__ = ["Client"]


def __getattr__(name: str) -> object:
    if name == "Client":
        from bursar.client import Client

        return Client
    raise AttributeError(f"module 'bursar' has no attribute {name!r}")
