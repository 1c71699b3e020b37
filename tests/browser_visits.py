"""Pages in a real headless Chromium: what was seen on them, and what was wrong with them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "build" / "browser"
SCRIPT = Path(__file__).with_name("browser") / "visit.mjs"
VISITS_S = 120
_LOADED = [["wait", "[data-loaded]"]]


@dataclass(frozen=True)
class Visit:
    """One look at one page; see browser/visit.mjs."""

    hash: str
    width: int = 1280
    dark: bool = False
    steps: list[list[str]] = field(default_factory=lambda: list(_LOADED))
    read: dict[str, str] = field(default_factory=dict)
    picture: str = ""
    judged: bool = False


async def seen(url: str, visits: list[Visit]) -> list[dict[str, Any]]:
    """What each visit saw, in order."""
    assert PACKAGES.exists(), f"{PACKAGES} is not there: run `make build/browser/.installed`"
    plan = {"packages": str(PACKAGES), "url": url, "visits": [asdict(visit) for visit in visits]}
    browser = await asyncio.create_subprocess_exec(
        "node",
        SCRIPT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(VISITS_S):
        told, complaint = await browser.communicate(json.dumps(plan).encode())
    assert browser.returncode == 0, complaint.decode()
    answer: list[dict[str, Any]] = json.loads(told)
    return answer
