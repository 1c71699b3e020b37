"""Windows fall where a wall clock says, without gap or overlap."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_quota.calendar import NS_PER_S, ZonedCalendar, is_time_zone, window_at
from bursar_quota.domain.windows import WindowKind

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",  # once began summer time at midnight
    "America/St_Johns",  # once went back over midnight
    "Asia/Kolkata",  # half an hour off
    "Australia/Lord_Howe",  # its summer time is half an hour
    "Pacific/Apia",  # left out 30 December 2011
)
INSTANTS_S = st.integers(min_value=0, max_value=4_000_000_000)
HOUR_NS = 3600 * NS_PER_S


def ns(text: str, zone: str = "UTC", fold: int = 0) -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(local.timestamp()) * NS_PER_S


def test_each_kind_of_window_has_its_id_and_bounds():
    at = ns("2026-11-24T15:30:10")
    expected = {
        WindowKind.MINUTE: ("2026-11-24T15:30", "2026-11-24T15:30", "2026-11-24T15:31"),
        WindowKind.HOUR: ("2026-11-24T15", "2026-11-24T15:00", "2026-11-24T16:00"),
        WindowKind.DAY: ("2026-11-24", "2026-11-24T00:00", "2026-11-25T00:00"),
        WindowKind.WEEK: ("2026-W48", "2026-11-23T00:00", "2026-11-30T00:00"),
        WindowKind.MONTH: ("2026-11", "2026-11-01T00:00", "2026-12-01T00:00"),
    }
    for kind, (window_id, start, end) in expected.items():
        window = window_at(kind, "UTC", at)
        assert (window.window_id, window.starts_at_ns, window.ends_at_ns) == (
            window_id,
            ns(start),
            ns(end),
        )


def test_a_lifetime_never_ends():
    window = window_at(WindowKind.LIFETIME, "UTC", 5)
    assert (window.window_id, window.ends_at_ns) == ("lifetime", 0)
    assert window.holds(10**18)


def test_the_end_belongs_to_the_next_window():
    end = ns("2026-11-25T00:00:00")
    assert window_at(WindowKind.DAY, "UTC", end - 1).window_id == "2026-11-24"
    assert window_at(WindowKind.DAY, "UTC", end).window_id == "2026-11-25"


def test_a_day_is_that_of_the_limits_time_zone():
    at = ns("2026-11-24T23:30:00")
    assert window_at(WindowKind.DAY, "Europe/Berlin", at).window_id == "2026-11-25"
    assert window_at(WindowKind.DAY, "America/New_York", at).window_id == "2026-11-24"


def test_the_days_of_the_change_have_23_and_25_hours():
    spring = window_at(WindowKind.DAY, "Europe/Berlin", ns("2026-03-29T12:00", "Europe/Berlin"))
    autumn = window_at(WindowKind.DAY, "Europe/Berlin", ns("2026-10-25T12:00", "Europe/Berlin"))
    assert spring.ends_at_ns - spring.starts_at_ns == 23 * HOUR_NS
    assert autumn.ends_at_ns - autumn.starts_at_ns == 25 * HOUR_NS


def test_the_hour_that_comes_twice_is_two_windows():
    first = window_at(WindowKind.HOUR, "Europe/Berlin", ns("2026-10-25T02:30", "Europe/Berlin"))
    second = window_at(
        WindowKind.HOUR, "Europe/Berlin", ns("2026-10-25T02:30", "Europe/Berlin", fold=1)
    )
    assert (first.window_id, second.window_id) == ("2026-10-25T02", "2026-10-25T02+0100")
    assert first.ends_at_ns == second.starts_at_ns
    assert second.ends_at_ns - second.starts_at_ns == HOUR_NS


def test_a_week_begins_on_monday_and_is_named_as_iso_does():
    assert window_at(WindowKind.WEEK, "UTC", ns("2027-01-03T23:59:59")).window_id == "2026-W53"
    assert window_at(WindowKind.WEEK, "UTC", ns("2027-01-04T00:00:00")).window_id == "2027-W01"


def test_december_ends_with_the_year():
    window = window_at(WindowKind.MONTH, "UTC", ns("2026-12-31T23:59:59"))
    assert window.ends_at_ns == ns("2027-01-01T00:00:00")


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "..", "../../etc/passwd", "zones", "UTC\0"])
def test_a_time_zone_that_is_none_is_known_as_such(name):
    assert not is_time_zone(name)
    with pytest.raises(KeyError):
        window_at(WindowKind.DAY, name, 0)


@given(
    at_s=INSTANTS_S,
    zone=st.sampled_from(ZONES),
    kind=st.sampled_from([kind for kind in WindowKind if kind < WindowKind.LIFETIME]),
)
def test_windows_follow_each_other_without_gap_or_overlap(at_s, zone, kind):
    window = window_at(kind, zone, at_s * NS_PER_S)
    assert window.starts_at_ns <= at_s * NS_PER_S < window.ends_at_ns
    assert window_at(kind, zone, window.starts_at_ns) == window
    assert window_at(kind, zone, window.ends_at_ns - 1) == window
    following = window_at(kind, zone, window.ends_at_ns)
    assert following.starts_at_ns == window.ends_at_ns
    assert following.window_id != window.window_id


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("Europe/Berlin", "2026-10-25"),
        ("Europe/Berlin", "2026-03-29"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("Australia/Lord_Howe", "2026-10-04"),
        ("America/St_Johns", "2010-11-07"),
        ("America/Sao_Paulo", "2018-11-04"),
        ("Pacific/Apia", "2011-12-30"),
    ],
)
@pytest.mark.parametrize("kind", [WindowKind.MINUTE, WindowKind.HOUR, WindowKind.DAY])
def test_no_window_is_lost_or_met_twice_where_the_clock_changes(zone, around, kind):
    at, end = ns(f"{around}T00:00") - 24 * HOUR_NS, ns(f"{around}T00:00") + 48 * HOUR_NS
    seen = set()
    while at < end:
        window = window_at(kind, zone, at)
        assert window.starts_at_ns <= at < window.ends_at_ns
        assert window.window_id not in seen
        seen.add(window.window_id)
        at = window.ends_at_ns


@given(instants_s=st.lists(INSTANTS_S, max_size=8), zone=st.sampled_from(ZONES))
def test_what_is_remembered_changes_no_answer(instants_s, zone):
    calendar = ZonedCalendar()
    for at_s in instants_s:
        for kind in (kind for kind in WindowKind if kind is not WindowKind.ROLLING):
            assert calendar.window(kind, zone, at_s * NS_PER_S) == window_at(
                kind, zone, at_s * NS_PER_S
            )
