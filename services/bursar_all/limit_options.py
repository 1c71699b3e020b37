"""Limits from the options of `bursar limits set`."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.errors import InvalidRequest
from bursar.identity import local_caller
from bursar.money import parse_usd
from bursar.quota.v1 import quota_pb2

ME = "me"
METER_OF = {
    "requests": quota_pb2.METER_REQUESTS,
    "tokens": quota_pb2.METER_TOTAL_TOKENS,
    "input_tokens": quota_pb2.METER_INPUT_TOKENS,
    "output_tokens": quota_pb2.METER_OUTPUT_TOKENS,
    "cost": quota_pb2.METER_COST_NANO_USD,
}
WINDOW_OF = {
    "per_minute": quota_pb2.WINDOW_MINUTE,
    "per_hour": quota_pb2.WINDOW_HOUR,
    "per_day": quota_pb2.WINDOW_DAY,
    "per_week": quota_pb2.WINDOW_WEEK,
    "per_month": quota_pb2.WINDOW_MONTH,
    "lifetime": quota_pb2.WINDOW_LIFETIME,
}


def limits_from_options(options: Mapping[str, str | bool | None]) -> list[quota_pb2.Limit]:
    """One limit for each amount that was given. Raises InvalidRequest naming the option."""
    limits = []
    for meter_name, meter in METER_OF.items():
        for window_name, window in WINDOW_OF.items():
            text = options.get(f"{meter_name}_{window_name}")
            if not isinstance(text, str):
                continue
            option = f"--{meter_name}-{window_name}".replace("_", "-")
            limits.append(
                quota_pb2.Limit(
                    limit_id=str(options.get("limit_id") or ""),
                    selector=_selector(options),
                    meter=meter,
                    window=window,
                    amount=_amount(option, meter_name, text),
                    mode=quota_pb2.MODE_SOFT if options.get("is_soft") else quota_pb2.MODE_HARD,
                    time_zone=str(options.get("time_zone") or ""),
                    managed_by=quota_pb2.MANAGED_BY_API,
                )
            )
    return limits


def _amount(option: str, meter_name: str, text: str) -> int:
    if meter_name == "cost":
        return parse_usd(text, option)
    try:
        return int(text.replace("_", "").replace(",", ""))
    except ValueError:
        raise InvalidRequest.of(option, text, "give a whole number") from None


def _selector(options: Mapping[str, str | bool | None]) -> quota_pb2.Selector:
    def given(name: str) -> str:
        return str(options.get(name) or "")

    user = given("user")
    return quota_pb2.Selector(
        tenant_id=given("tenant"),
        team_id=given("team"),
        user_id=local_caller().user_id if user == ME else user,
        key_id=given("key"),
        provider=given("provider"),
        model=given("model"),
    )
