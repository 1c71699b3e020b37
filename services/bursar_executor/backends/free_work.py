"""Work that takes no tokens and no money: what tools and parsers do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bursar.ledger.v1 import ledger_pb2
from bursar_executor.backends.backend import Hold, Job, Outcome

# One request, so that limits on requests count tools, too.
FREE = Hold(ledger_pb2.Amounts(requests=1), None)


@dataclass(frozen=True, slots=True)
class FreeWork:
    """A job and what does it."""

    job: Job
    do: Callable[[Job], Awaitable[Outcome]]
    hold: Hold = FREE

    async def done(self) -> Outcome:
        return await self.do(self.job)
