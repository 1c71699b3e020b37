"""Limits as the founding design names them: `tokens_per_day`, and its planner's `daily_tokens`."""

from __future__ import annotations

import re

from bursar.errors import InvalidRequest
from bursar_quota.limit_rows import LimitRow, SelectorRow

TOTAL = "total"
REMEDY = "name it like tokens_per_day, requests_per_minute or cost_per_month_usd"

_NAME = re.compile(
    r"(?P<meter>requests|api_calls|tokens|input_tokens|output_tokens|cost)"
    r"_per_(?P<window>minute|hour|day|week|month)(?P<usd>_usd)?"
)
_ALIAS = re.compile(
    r"(?P<window>hourly|daily|weekly|monthly)"
    r"_(?P<meter>requests|api_calls|tokens|input_tokens|output_tokens|cost)(?P<usd>_usd)?"
)
_WINDOW_OF_ALIAS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}


def founding_row(name: str, place: tuple[str, str], amount: object) -> LimitRow:
    """The limit at `place` (provider or total, and its name) of the file `name`. Raises
    InvalidRequest.
    """
    scope, limit_name = place
    if not isinstance(amount, str):
        raise InvalidRequest.of(f"{name}: {scope}.{limit_name}", amount, "give one amount")
    found = _NAME.fullmatch(limit_name) or _ALIAS.fullmatch(limit_name)
    if found is None or (found["usd"] and found["meter"] != "cost"):
        raise InvalidRequest.of(f"{name}: {scope}", limit_name, REMEDY)
    meter = "requests" if found["meter"] == "api_calls" else found["meter"]
    window = _WINDOW_OF_ALIAS.get(found["window"], found["window"])
    selector = SelectorRow(provider="" if scope == TOTAL else scope)
    return LimitRow.model_validate(
        {"selector": selector, "meter": meter, "window": window, "amount": amount}
    )
