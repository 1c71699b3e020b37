"""Who should lead: a courtesy among replicas.

It fences nothing, the log's expected sequence does; without it two replicas would depose each other
again and again.
"""

from __future__ import annotations

from typing import Protocol


class Lease(Protocol):
    """Held by at most one replica most of the time."""

    async def acquire(self) -> None:
        """Returns once the lease is held. May take for ever; cancelled when no longer wanted."""
        ...

    async def release(self) -> None:
        """Lets another have it. Safe to call when it is not held."""
        ...
