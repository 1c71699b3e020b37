"""The words by which people name meters, windows, modes and tiers: in files, options and tables."""

from __future__ import annotations

import re
from typing import Literal

from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.limits import SPAN_UNITS_NS

_SPAN = re.compile(r"(\d{1,6})([smhd])")

Meter = Literal["requests", "tokens", "input_tokens", "output_tokens", "cost", "concurrent"]
Window = Literal["minute", "hour", "day", "week", "month", "lifetime"]
Mode = Literal["hard", "soft", "throttle"]
Tier = Literal["", "local_tool", "login_cli", "local_model", "paid_api"]

METERS: dict[Meter, quota_pb2.Meter.ValueType] = {
    "requests": quota_pb2.METER_REQUESTS,
    "tokens": quota_pb2.METER_TOTAL_TOKENS,
    "input_tokens": quota_pb2.METER_INPUT_TOKENS,
    "output_tokens": quota_pb2.METER_OUTPUT_TOKENS,
    "cost": quota_pb2.METER_COST_NANO_USD,
    "concurrent": quota_pb2.METER_CONCURRENT_RESERVATIONS,
}
WINDOWS: dict[Window, quota_pb2.Window.ValueType] = {
    "minute": quota_pb2.WINDOW_MINUTE,
    "hour": quota_pb2.WINDOW_HOUR,
    "day": quota_pb2.WINDOW_DAY,
    "week": quota_pb2.WINDOW_WEEK,
    "month": quota_pb2.WINDOW_MONTH,
    "lifetime": quota_pb2.WINDOW_LIFETIME,
}
MODES: dict[Mode, quota_pb2.Mode.ValueType] = {
    "hard": quota_pb2.MODE_HARD,
    "soft": quota_pb2.MODE_SOFT,
    "throttle": quota_pb2.MODE_THROTTLE,
}
TIERS: dict[Tier, ledger_pb2.BackendTier.ValueType] = {
    "": ledger_pb2.BACKEND_TIER_UNSPECIFIED,
    "local_tool": ledger_pb2.BACKEND_TIER_LOCAL_TOOL,
    "login_cli": ledger_pb2.BACKEND_TIER_LOGIN_CLI,
    "local_model": ledger_pb2.BACKEND_TIER_LOCAL_MODEL,
    "paid_api": ledger_pb2.BACKEND_TIER_PAID_API,
}


def span_ns(text: str) -> int | None:
    """The length of a rolling window, `5h`, `7d`, `90s`; None for another text."""
    found = _SPAN.fullmatch(text.strip())
    return None if found is None else int(found[1]) * SPAN_UNITS_NS[found[2]]


METER_WORDS = {number: word for word, number in METERS.items()}
WINDOW_WORDS = {number: word for word, number in WINDOWS.items()}
MODE_WORDS = {number: word for word, number in MODES.items()}
TIER_WORDS = {number: word for word, number in TIERS.items()}
