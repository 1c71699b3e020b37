"""An attack on quota's promise: many callers of many processes at once, on a budget for a few."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bursar.errors import Unavailable
from bursar.eventlog.stream import StreamId
from bursar_quota.domain.events import Reserved
from bursar_quota.replay import Until, read_events
from quota_fleet import Fleet, said
from quota_services import COST_NANO_USD, a_limit

CALLERS = 8
SPREAD_S_MAX = 60.0


@dataclass(frozen=True)
class Attack:
    """`reservations` at once on budgets that fit `fits` in all, shared evenly by `tenants`; 0
    tenants are one that nobody names.
    """

    reservations: int = 200
    fits: int = 20
    tenants: int = 0

    @property
    def fits_each(self) -> int:
        return max(1, self.fits // max(1, self.tenants))

    @property
    def expected(self) -> int:
        """As many as fit: every tenant asks for more than its budget holds."""
        return self.fits_each * max(1, self.tenants)


@dataclass(frozen=True)
class Report:
    """What became of it, as its callers were told and as the log has it."""

    granted: list[str]
    refused: int
    in_log: list[str]
    took_s: float

    def utilisation_pct(self, attack: Attack) -> float:
        return 100 * len(self.granted) / attack.expected


async def set_budgets(fleet: Fleet, attack: Attack) -> None:
    """One limit a tenant, through any replica."""
    names = [f"tenant-{n}" for n in range(attack.tenants)] or [""]
    for name in names:
        limit = a_limit(attack.fits_each * COST_NANO_USD, tenant_id=name)
        limit.operation_id = f"budget-{name}"
        while True:
            try:
                await fleet.replicas[-1].quota.put_limit(limit)
                break
            except Unavailable:
                await asyncio.sleep(0.05)


async def nothing() -> None:
    """What happens meanwhile, where nothing does."""


async def run(
    fleet: Fleet, attack: Attack, meanwhile: Callable[[], Awaitable[None]] = nothing
) -> Report:
    """Every caller is connected before the first asks; `meanwhile` is done once they do."""
    addresses = ",".join(replica.address for replica in fleet.replicas)
    each = attack.reservations // CALLERS
    callers = [
        fleet.processes.start("quota_attacker.py", addresses, each, f"caller{n}", attack.tenants)
        for n in range(CALLERS)
    ]
    for caller in callers:
        assert await said(caller) == "ready"
    began = time.monotonic()
    for caller in callers:
        caller.stdin.write("go\n")
        caller.stdin.flush()
    await meanwhile()
    reports = [await said(caller) for caller in callers]
    took_s = time.monotonic() - began
    granted = [one for report in reports for one in report["granted"]]
    return Report(
        sorted(granted),
        sum(report["refused"] for report in reports),
        sorted(await _reserved(fleet)),
        took_s,
    )


async def spread_over(fleet: Fleet, least: int) -> None:
    """Waits until partitions are led from at least so many replicas."""
    async with asyncio.timeout(SPREAD_S_MAX):
        while True:
            leaders = [await fleet.leader(place) for place in range(fleet.partitions)]
            if len({leader.address for leader in leaders}) >= least:
                return
            await asyncio.sleep(0.1)


async def _reserved(fleet: Fleet) -> list[str]:
    found: list[str] = []

    def receive(event: object) -> None:
        if isinstance(event, Reserved):
            found.append(event.reservation_id)

    for place in range(fleet.partitions):
        await read_events(fleet.log, StreamId("usage", place), Until(), receive, lambda _: None)
    return found
