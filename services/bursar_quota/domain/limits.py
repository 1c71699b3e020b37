"""What a limit is: whom it selects, what it counts over which window, and how it is spoken of."""

from __future__ import annotations

import re
from enum import IntEnum
from hashlib import sha256

from msgspec import Struct

from bursar_quota.domain.calls import AXES, Attribution, AxisValues, Labels, Target, axis_values
from bursar_quota.domain.meters import Meter
from bursar_quota.domain.windows import Calendar, Window, WindowKind, rolling_part

LIMIT_ID_CHARACTERS_MAX = 128
LIMIT_ID = re.compile(r"[A-Za-z0-9._/-]{1,128}")
NEAR_PCT = 80
ALERT_PCTS = (50, 80, 100)
SCOPE_CHARACTERS_MAX = 160  # of whom a refusal speaks

_NS_PER_S = 10**9
SPAN_UNITS_NS = {
    "d": 86_400 * _NS_PER_S,
    "h": 3_600 * _NS_PER_S,
    "m": 60 * _NS_PER_S,
    "s": _NS_PER_S,
}
_PERIODS = {
    WindowKind.MINUTE: "per-minute",
    WindowKind.HOUR: "hourly",
    WindowKind.DAY: "daily",
    WindowKind.WEEK: "weekly",
    WindowKind.MONTH: "monthly",
    WindowKind.LIFETIME: "lifetime",
}
_NOUNS = {
    Meter.REQUESTS: "request",
    Meter.INPUT_TOKENS: "input token",
    Meter.OUTPUT_TOKENS: "output token",
    Meter.TOTAL_TOKENS: "token",
    Meter.COST_NANO_USD: "cost",
    Meter.CONCURRENT_RESERVATIONS: "reservation",
}


class Mode(IntEnum):
    """Numbers as in the contract."""

    HARD = 1
    SOFT = 2
    THROTTLE = 3


class ManagedBy(IntEnum):
    """Numbers as in the contract."""

    API = 1
    FILE = 2


class Selector(Struct, frozen=True, gc=False, array_like=True):
    """What a limit applies to; an empty field means all. Labels sorted: a call must have each."""

    tenant_id: str = ""
    team_id: str = ""
    user_id: str = ""
    key_id: str = ""
    task_id: str = ""
    agent_id: str = ""
    provider: str = ""
    model: str = ""
    tier: int = 0
    account_id: str = ""
    labels: Labels = ()
    model_family: str = ""

    def axis_values(self) -> AxisValues:
        """What it asks for on each axis, in the order of AXES; empty where it takes all."""
        return (
            self.tenant_id,
            self.team_id,
            self.user_id,
            self.key_id,
            self.task_id,
            self.agent_id,
            self.provider,
            self.model,
            self.tier,
            self.account_id,
            self.model_family,
        )

    def selects(self, attribution: Attribution, target: Target) -> bool:
        """Whether the call has all that is asked for. The index answers the same for all limits."""
        values = zip(self.axis_values(), axis_values(attribution, target), strict=True)
        return all(not asked or asked == found for asked, found in values) and set(
            self.labels
        ).issubset(attribution.labels)

    def agrees_with(self, attribution: Attribution, target: Target) -> bool:
        """Whether nothing that both name differs: for reports about more than one call."""
        values = zip(self.axis_values(), axis_values(attribution, target), strict=True)
        found_labels = dict(attribution.labels)
        return all(not asked or not found or asked == found for asked, found in values) and all(
            found_labels.get(name, value) == value for name, value in self.labels
        )


class Limit(Struct, frozen=True, gc=False, array_like=True):
    """`amount` is in the meter's unit. Time zone: an IANA name, never empty. `rolling_ns` is 0
    where the window is not a rolling one. `confidence_pct` is 0 where somebody set it.
    """

    limit_id: str
    selector: Selector
    meter: Meter
    window: WindowKind
    amount: int
    mode: Mode = Mode.HARD
    time_zone: str = "UTC"
    managed_by: ManagedBy = ManagedBy.API
    rolling_ns: int = 0
    carry_over_max: int = 0
    alert_pcts: tuple[int, ...] = ALERT_PCTS
    confidence_pct: int = 0

    def window_at(self, calendar: Calendar, at_ns: int) -> Window:
        """The window in which an instant is counted; of a rolling one, the part."""
        if self.rolling_ns:
            return rolling_part(self.rolling_ns, at_ns)
        return calendar.window(self.window, self.time_zone, at_ns)

    def counts_as(self, other: Limit) -> bool:
        """Whether a level of one is a level of the other: only amount, mode or owner differ."""
        return (self.selector, self.meter, self.window, self.time_zone, self.rolling_ns) == (
            other.selector,
            other.meter,
            other.window,
            other.time_zone,
            other.rolling_ns,
        )


def is_near(level: int, amount: int) -> bool:
    """Whether more than 80 % is settled or held; always, where nothing may be."""
    return amount == 0 or level * 100 > amount * NEAR_PCT


def refusal(limit: Limit) -> str:
    """`Would exceed daily token limit for anthropic`."""
    return f"Would exceed {name_of(limit)}"


def name_of(limit: Limit) -> str:
    """`daily token limit for anthropic`."""
    scope = _scope(limit.selector)
    name = f"{_period(limit)} {_NOUNS[limit.meter]} limit"
    return f"{name} for {scope}" if scope else name


def made_limit_id(selector: Selector, meter: Meter, window: WindowKind, rolling_ns: int = 0) -> str:
    """The id of a limit that was given none: `provider/anthropic/total_tokens/day`.

    What ids may not hold, or what is too long, is replaced by a hash, so that ids stay distinct.
    """
    parts = [part for name, value in _asked(selector) for part in (name, value)] or ["total"]
    period = span_text(rolling_ns) if rolling_ns else window.name.lower()
    named = "/".join((*parts, meter.name.lower(), period))
    if LIMIT_ID.fullmatch(named) and all("/" not in part for part in parts):
        return named
    digest = sha256(repr(parts).encode()).hexdigest()[:16]
    return f"selected/{digest}/{meter.name.lower()}/{period}"


def span_text(length_ns: int) -> str:
    """`5h`, `7d`, `90s`: in the largest unit that is whole."""
    for letter, unit_ns in SPAN_UNITS_NS.items():
        if length_ns % unit_ns == 0:
            return f"{length_ns // unit_ns}{letter}"
    return f"{length_ns}ns"


def _period(limit: Limit) -> str:
    if limit.meter is Meter.CONCURRENT_RESERVATIONS:
        return "concurrent"
    return f"rolling {span_text(limit.rolling_ns)}" if limit.rolling_ns else _PERIODS[limit.window]


def _scope(selector: Selector) -> str:
    """A provider stands for itself, all else with its axis; cut where it would be a long list."""
    scope = ", ".join(
        value if name == "provider" else f"{name.replace('_', ' ')} {value}"
        for name, value in _asked(selector)
    )
    return scope if len(scope) <= SCOPE_CHARACTERS_MAX else f"{scope[:SCOPE_CHARACTERS_MAX]}…"


def _asked(selector: Selector) -> list[tuple[str, str]]:
    axes = [
        (axis.removesuffix("_id"), str(value))
        for axis, value in zip(AXES, selector.axis_values(), strict=True)
        if value
    ]
    return axes + [(f"label_{name}", value) for name, value in selector.labels]
