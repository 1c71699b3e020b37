"""How soon the dashboard paints, in headless Chromium on a run of calls, nothing cached.

make build/browser/.installed && python benchmarks/dashboard.py
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in ("libs", "services", "tests"):
    sys.path.insert(0, str(ROOT / folder))

import contract  # noqa: E402

from browser_visits import Visit, seen  # noqa: E402
from dashboard_world import dashboard_world  # noqa: E402

VISITS = 7


async def first_paint_ms() -> float:
    """The median over visits, each with an empty cache of its own."""
    with tempfile.TemporaryDirectory() as place:
        async with dashboard_world(Path(place)) as world:
            looks = await seen(world.url, [Visit("#/overview")] * VISITS)
    return statistics.median(look["first_paint_ms"] for look in looks)


def main() -> None:
    contract.write("dashboard", {"first_paint_ms": asyncio.run(first_paint_ms())})


if __name__ == "__main__":
    main()
