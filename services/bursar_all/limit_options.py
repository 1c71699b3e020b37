"""Limits from the options of `bursar limits set`."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.errors import InvalidRequest
from bursar.identity import local_caller
from bursar.ledger.v1 import ledger_pb2
from bursar.money import parse_usd
from bursar.quota.v1 import quota_pb2
from bursar_quota.limit_words import METERS, TIERS, WINDOWS

Option = str | bool | int | tuple[str, ...] | None

ME = "me"


def limits_from_options(options: Mapping[str, Option]) -> list[quota_pb2.Limit]:
    """One limit for each amount that was given. Raises InvalidRequest naming the option."""
    limits = []
    for meter_name, meter in METERS.items():
        for window_word, window in WINDOWS.items():
            option_name = amount_option(meter_name, window_word)
            text = options.get(option_name)
            if not isinstance(text, str):
                continue
            option = f"--{option_name}".replace("_", "-")
            limits.append(
                quota_pb2.Limit(
                    limit_id=str(options.get("limit_id") or ""),
                    selector=selector_from_options(options),
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


def amount_option(meter: str, window: str) -> str:
    """`cost_per_day`, `tokens_lifetime`: the option that sets this meter over this window."""
    return f"{meter}_{window}" if window == "lifetime" else f"{meter}_per_{window}"


def selector_from_options(options: Mapping[str, Option]) -> quota_pb2.Selector:
    """What the options of `selector_options` select."""

    def given(name: str) -> str:
        return str(options.get(name) or "")

    return quota_pb2.Selector(
        tenant_id=given("tenant"),
        team_id=given("team"),
        user_id=user_from(given("user")),
        key_id=given("key"),
        task_id=given("task"),
        agent_id=given("agent"),
        provider=given("provider"),
        model=given("model"),
        tier=tier_from(given("tier")),
        account_id=given("account"),
        labels=labels_from(options),
    )


def user_from(name: str) -> str:
    """`me` is the user of this machine."""
    return local_caller().user_id if name == ME else name


def tier_from(word: str) -> ledger_pb2.BackendTier.ValueType:
    """The tier of its word; click has checked it."""
    return next(tier for name, tier in TIERS.items() if name == word.replace("-", "_"))


def labels_from(options: Mapping[str, Option]) -> dict[str, str]:
    """Each `--label name=value`. Raises InvalidRequest for one without a name or a `=`."""
    given = options.get("label")
    labels = {}
    for text in given if isinstance(given, tuple) else ():
        name, sign, value = text.partition("=")
        if not (name and sign):
            raise InvalidRequest.of("--label", text, "write it as name=value")
        labels[name] = value
    return labels
