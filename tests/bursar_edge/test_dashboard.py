"""What the dashboard answers, and to whom it answers nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp

from bursar_edge.dashboard.files import static_files
from dashboard_world import INTERN_CALLS_MAX, TASK, DashboardWorld, dashboard_world

MARKED = {"x-bursar-dashboard": "1"}


async def _status(world: DashboardWorld, method: str, path: str, **headers: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, world.url + path, headers=headers) as answer,
    ):
        return answer.status


async def _asked(world: DashboardWorld, method: str, **request: object) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{world.url}/dashboard/ask/{method}", data=json.dumps(request), headers=MARKED
        ) as answer,
    ):
        assert answer.status == 200
        told: dict[str, Any] = await answer.json()
        return told


async def test_pages_ask_the_services_and_nobody_asks_through_the_visitors_browser(
    tmp_path: Path,
) -> None:
    async with dashboard_world(tmp_path, calls=12) as world:
        report = await _asked(world, "efficiency/Report", group_by=["DIMENSION_TASK"])
        assert TASK in [key for group in report["groups"] for key in group["keys"]]
        levels = (await _asked(world, "quota/Usage"))["levels"]
        assert str(INTERN_CALLS_MAX) in [level["limit"]["amount"] for level in levels]

        usage = "/dashboard/ask/quota/Usage"
        assert await _status(world, "POST", usage) == 403  # no marker: a form of another site
        assert await _status(world, "POST", usage, **MARKED, origin="http://evil.example") == 403
        assert (
            await _status(world, "POST", usage, **MARKED, **{"sec-fetch-site": "cross-site"}) == 403
        )
        assert await _status(world, "GET", "/", host="evil.example") == 403  # rebound DNS
        assert await _status(world, "POST", "/dashboard/ask/quota/Reserve", **MARKED) == 404
        assert await _status(world, "GET", "/dashboard/../service.py") == 404


async def test_where_keys_are_asked_for_pages_are_sent_and_nothing_is_told_without_one(
    tmp_path: Path,
) -> None:
    async with dashboard_world(tmp_path, authentication="keys") as world:
        assert await _status(world, "GET", "/", host="bursar.example") == 200
        for method, path in (
            ("GET", "session"),
            ("GET", "live"),
            ("POST", "ask/quota/Usage"),
        ):
            assert await _status(world, method, f"/dashboard/{path}", **MARKED) == 401


def test_pages_load_nothing_from_elsewhere_and_hold_no_inline_script() -> None:
    page = static_files()["index.html"].content
    assert b"http" not in page
    assert page.count(b"<script") == page.count(b'<script type="module" src="/dashboard/')
    assert b"style=" not in page
