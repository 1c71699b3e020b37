"""Limits from the options of `bursar limits set`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from bursar.errors import InvalidRequest
from bursar.identity import local_caller
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota import limit_words as words
from bursar_quota.limit_rows import LimitRow

Option = str | bool | int | tuple[str, ...] | None

ME = "me"


def limits_from_options(options: Mapping[str, Option]) -> list[quota_pb2.Limit]:
    """One limit for each amount that was given. Raises InvalidRequest naming the option."""
    return [_limit(options, meter, window, name) for meter, window, name in _amounts(options)]


def _amounts(options: Mapping[str, Option]) -> Iterator[tuple[words.Meter, str, str]]:
    """Meter, window and option of each amount: in calendar windows, and in a rolling one."""
    rolling = options.get("rolling")
    for meter in words.METERS:
        for window in words.WINDOWS:
            if isinstance(options.get(amount_option(meter, window)), str):
                yield meter, window, amount_option(meter, window)
        if not isinstance(options.get(meter), str):
            continue
        if meter != "concurrent" and not isinstance(rolling, str):
            raise InvalidRequest.of(f"--{meter}", str(options[meter]), "say --rolling 5h, too")
        yield meter, "" if meter == "concurrent" else str(rolling), meter


def _limit(
    options: Mapping[str, Option], meter: words.Meter, window: str, name: str
) -> quota_pb2.Limit:
    option = f"--{name}".replace("_", "-")
    alerts = options.get("alert_at")
    try:
        row = LimitRow(
            id=str(options.get("limit_id") or ""),
            meter=meter,
            window=window,
            amount=str(options[name]),
            mode=_mode(options),
            time_zone=str(options.get("time_zone") or ""),
            carry_over=str(options.get("carry_over") or ""),
            alerts=list(map(int, alerts)) if isinstance(alerts, tuple) else [],
            confidence=int(str(options.get("confidence") or 0)),
        )
    except ValidationError as error:
        remedy = "write a length such as 5h, 7d or 90s"
        raise InvalidRequest.of("--rolling", window, remedy) from error
    message = row.message(option, "")
    message.selector.CopyFrom(selector_from_options(options))
    message.managed_by = quota_pb2.MANAGED_BY_API
    return message


def _mode(options: Mapping[str, Option]) -> words.Mode:
    if options.get("is_soft"):
        return "soft"
    return "throttle" if options.get("is_throttle") else "hard"


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
        model_family=given("model_family"),
        tier=tier_from(given("tier")),
        account_id=given("account"),
        labels=labels_from(options),
    )


def user_from(name: str) -> str:
    """`me` is the user of this machine."""
    return local_caller().user_id if name == ME else name


def tier_from(word: str) -> ledger_pb2.BackendTier.ValueType:
    """The tier of its word; click has checked it."""
    return next(tier for name, tier in words.TIERS.items() if name == word.replace("-", "_"))


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
