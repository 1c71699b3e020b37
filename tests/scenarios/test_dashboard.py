"""The dashboard in a real browser, on a real run: its figures are the services', and its pages are
fit for everybody.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from browser_visits import Visit, seen
from bursar.cache.v1 import cache_pb2
from bursar.efficiency.v1 import efficiency_pb2
from bursar.identity import ApiKeys, KeyHolder, Keyring
from bursar.quota.v1 import quota_pb2
from dashboard_world import TASK, dashboard_world

pytestmark = pytest.mark.xdist_group("browser")

PAGES = (
    "overview",
    "tasks",
    f"tasks/{TASK}",
    "limits",
    "cache",
    "recommendations",
    f"audit/{TASK}",
)
NARROW, WIDE = 380, 1280
FIGURES = {
    "spent": "#spent",
    "saved": "#saved",
    "avoided": "#avoided",
    "denied": "#denied",
    "kept": "#entries",
    "settled": ".limits [data-exact]",
}
RAISED = [
    ["click", "#edit-intern"],
    ["fill", "input[name=amount]", "7"],
    ["fill", "input[name=reason]", "more work"],
    ["click", "#review"],
    ["click", "#confirm"],
    ["wait", ".notice.good"],
]
FORGOTTEN = [
    ["select", "#forget-by", "everything"],
    ["click", "#forget"],
    ["click", "#forget-confirm"],
    ["wait", ".notice.good"],
]


async def test_pages_show_the_services_figures_are_accessible_and_change_what_they_may(
    tmp_path: Path,
) -> None:
    async with dashboard_world(tmp_path) as world:
        (first,) = await seen(world.url, [Visit("#/overview", read=FIGURES)])
        totals = (await world.efficiency.report(efficiency_pb2.ReportRequest())).totals
        stats = await world.cache.stats(cache_pb2.StatsRequest())
        levels = (await world.quota.usage(quota_pb2.UsageRequest())).levels
        looks = await seen(
            world.url,
            [
                *(
                    Visit(f"#/{page}", width, dark=width == NARROW, judged=True)
                    for page in PAGES
                    for width in (WIDE, NARROW)
                ),
                Visit("#/limits", steps=RAISED),
                Visit("#/cache", steps=FORGOTTEN),
            ],
        )
        after = (await world.quota.usage(quota_pb2.UsageRequest())).levels
        forgotten = await world.cache.stats(cache_pb2.StatsRequest())

    shown = {name: [one["exact"] for one in found] for name, found in first["values"].items()}
    settled = sorted(shown.pop("settled"))
    assert settled == sorted(str(level.settled) for level in levels)
    assert shown == {
        "spent": [str(totals.cost_nano_usd)],
        "saved": [str(totals.cost_saved_nano_usd)],
        "avoided": [str(totals.calls_avoided)],
        "denied": [str(totals.calls_denied)],
        "kept": [str(stats.entries)],
    }
    assert totals.calls_avoided and totals.calls_denied and totals.cost_nano_usd
    for look in (first, *looks):
        assert look["faults"] == []
        assert look.get("serious", []) == []
        assert look["width"] in (NARROW, WIDE)  # nothing sticks out sideways
    assert {level.limit.limit_id: level.limit.amount for level in after}["intern"] == 7
    assert forgotten.entries == 0


async def test_with_keys_a_visitor_signs_in_and_is_offered_no_more_than_the_key_may(
    tmp_path: Path,
) -> None:
    keys = ApiKeys.open(tmp_path, Keyring.open(tmp_path))
    text = keys.issue(KeyHolder("acme", "ann", "web"), now_ns=1).text.reveal_text()
    async with dashboard_world(tmp_path, authentication="keys") as world:
        steps = [["fill", "input[name=key]", text], ["press", "input[name=key]", "Enter"]]
        (look,) = await seen(
            world.url,
            [
                Visit(
                    "#/limits",
                    steps=[*steps, ["wait", "[data-loaded]"]],
                    read={"offers": "#new-limit, [id^=edit-]", "told": ".notice"},
                )
            ],
        )
    assert look["values"]["offers"] == []
    assert "not set them" in look["values"]["told"][0]["text"]
