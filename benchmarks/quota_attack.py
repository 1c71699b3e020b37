"""Whether quota can be overspent by many callers at once, and how soon a standby leads.

    python benchmarks/quota_attack.py          # every case; the figures are quota's
    python benchmarks/quota_attack.py 2000 20 4    # reservations, what fits, replicas

Eight client processes ask over real gRPC, at replicas that are processes on a real broker which
syncs every write. Everything runs in a temporary directory.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in ("tests", "services", "libs"):
    sys.path.insert(0, str(ROOT / folder))

from attack import Attack, Report, run, set_budgets, spread_over  # noqa: E402
from bursar.errors import DeadlineExceeded, Unavailable  # noqa: E402
from nats_broker import NatsBroker  # noqa: E402
from quota_fleet import Fleet, fleet_of  # noqa: E402
from quota_services import COST_NANO_USD, a_limit, a_reserve  # noqa: E402

TAKEOVERS = 5
ROOMY_CALLS = 1_000_000


@dataclass(frozen=True)
class Case:
    """An attack on so many replicas and partitions, with the leader killed or not."""

    attack: Attack
    replicas: int = 1
    partitions: int = 1
    is_killed: bool = False

    def __str__(self) -> str:
        attack = self.attack
        tenants = f", {attack.tenants} tenants" if attack.tenants else ""
        partitions = f", {self.partitions} partitions" if self.partitions > 1 else ""
        killed = ", leader killed" if self.is_killed else ""
        return (
            f"{attack.reservations:,} on budgets for {attack.expected}{tenants}: {self.replicas}"
            f" replicas{partitions}{killed}"
        )


HEADLINE = Case(Attack(2000, 20), replicas=4, is_killed=True)
MANY = Attack(1984, 384, tenants=64)
CASES = (
    *(Case(Attack(200, 20), replicas) for replicas in (1, 2, 4)),
    *(Case(Attack(2000, 400), replicas) for replicas in (1, 2, 4)),
    Case(Attack(200, 20), replicas=2, is_killed=True),
    Case(Attack(2000, 400), replicas=4, is_killed=True),
    Case(MANY, replicas=4, partitions=16),
    Case(MANY, replicas=4, partitions=16, is_killed=True),
    HEADLINE,
)


async def attacked(case: Case) -> Report:
    """One case on a broker of its own."""
    broker = NatsBroker().start()
    try:
        with tempfile.TemporaryDirectory() as place:
            fleet = Fleet(broker.url, Path(place), case.partitions)
            try:
                return await _attacked(fleet, case)
            finally:
                await fleet.close()
    finally:
        broker.remove()


async def _attacked(fleet: Fleet, case: Case) -> Report:
    # It dies between a frame's acknowledgement and its answers: its limits, then one frame more.
    frames = max(1, case.attack.tenants) + 1 if case.is_killed and case.partitions == 1 else 0
    for number in range(case.replicas):
        await fleet.start(dies_after_frames=frames if number == 0 else 0)
    if case.partitions > 1:
        await spread_over(fleet, 3)
    await set_budgets(fleet, case.attack)
    if not case.is_killed or case.partitions == 1:
        return await run(fleet, case.attack)

    async def kill_one() -> None:
        await fleet.next_frame()
        await asyncio.to_thread(fleet.replicas[0].kill)

    return await run(fleet, case.attack, kill_one)


async def takeover_s(directory: Path, url: str) -> float:
    """From kill -9 of the leader to the next answer of a reservation, through a survivor."""
    async with fleet_of(3, url, directory) as fleet:
        leader = await fleet.leader()
        survivor = next(replica for replica in fleet.replicas if replica is not leader)
        await survivor.quota.put_limit(a_limit(ROOMY_CALLS * COST_NANO_USD))
        await survivor.quota.reserve(a_reserve("before"))
        leader.process.kill()
        began = time.monotonic()
        while True:
            try:
                await survivor.quota.reserve(a_reserve("after"))
                return time.monotonic() - began
            except (Unavailable, DeadlineExceeded):
                continue


async def takeovers() -> float:
    """The median of several, each on a broker of its own."""
    found = []
    for _ in range(TAKEOVERS):
        broker = NatsBroker().start()
        try:
            with tempfile.TemporaryDirectory() as place:
                found.append(await takeover_s(Path(place), broker.url))
        finally:
            broker.remove()
    return statistics.median(found)


async def figures(cases: tuple[Case, ...] = CASES) -> dict[str, float]:
    """Every case; raises SystemExit for one that admits another number than fits."""
    utilised = []
    for case in cases:
        report = await attacked(case)
        admitted = len(report.granted)
        print(f"{case}: {admitted} admitted, {report.refused} refused, {report.took_s:.2f} s")
        if report.in_log != report.granted or admitted > case.attack.expected:
            raise SystemExit(f"{case}: {len(report.in_log)} reservations are in the log")
        utilised.append(report.utilisation_pct(case.attack))
    return {
        "attack_admitted": admitted,
        "attack_utilisation_pct": min(utilised),
        "takeover_s": await takeovers(),
    }


def main() -> None:
    if len(sys.argv) > 1:
        reservations, fits, replicas = map(int, sys.argv[1:])
        cases: tuple[Case, ...] = (Case(Attack(reservations, fits), replicas),)
    else:
        cases = CASES
    for name, value in asyncio.run(figures(cases)).items():
        print(f"{name:<30}{value:>14,.3f}")


if __name__ == "__main__":
    main()
