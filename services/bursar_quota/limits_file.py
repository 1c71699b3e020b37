"""Limits from a YAML file: the founding design's shape, the full one, or both in one file.

    anthropic: {requests_per_minute: 50, tokens_per_day: 1000000, cost_per_day_usd: 100.0}
    total: {cost_per_month_usd: 500.0}
    daily_tokens: 2000000            # at the top it means the total, as under `total`
    time_zone: Europe/Berlin         # of all that name none; UTC by default
    limits:
      - {selector: {user: ann, labels: {job: nightly}}, meter: cost, window: day, amount: 5usd}

Every value is read as the text it is, so that no amount of money passes through a float.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bursar.errors import BursarError, InvalidRequest, Violation
from bursar.ledger.v1 import ledger_pb2
from bursar.money import parse_usd
from bursar.quota.v1 import quota_pb2
from bursar_quota.limit_requests import checked_limit
from bursar_quota.messages import limit_message

FILE_BYTES_MAX = 4 * 1024 * 1024
LIMITS_MAX = 10_000
TOTAL = "total"

Meter = Literal["requests", "tokens", "input_tokens", "output_tokens", "cost"]
Window = Literal["minute", "hour", "day", "week", "month", "lifetime"]

_METERS: dict[Meter, quota_pb2.Meter.ValueType] = {
    "requests": quota_pb2.METER_REQUESTS,
    "tokens": quota_pb2.METER_TOTAL_TOKENS,
    "input_tokens": quota_pb2.METER_INPUT_TOKENS,
    "output_tokens": quota_pb2.METER_OUTPUT_TOKENS,
    "cost": quota_pb2.METER_COST_NANO_USD,
}
_WINDOWS: dict[Window, quota_pb2.Window.ValueType] = {
    "minute": quota_pb2.WINDOW_MINUTE,
    "hour": quota_pb2.WINDOW_HOUR,
    "day": quota_pb2.WINDOW_DAY,
    "week": quota_pb2.WINDOW_WEEK,
    "month": quota_pb2.WINDOW_MONTH,
    "lifetime": quota_pb2.WINDOW_LIFETIME,
}
_MODES = {"hard": quota_pb2.MODE_HARD, "soft": quota_pb2.MODE_SOFT}
_NAME = re.compile(
    r"(?P<meter>requests|api_calls|tokens|input_tokens|output_tokens|cost)"
    r"_per_(?P<window>minute|hour|day|week|month)(?P<usd>_usd)?"
)
_ALIAS = re.compile(
    r"(?P<window>hourly|daily|weekly|monthly)"
    r"_(?P<meter>requests|api_calls|tokens|input_tokens|output_tokens|cost)(?P<usd>_usd)?"
)
_WINDOW_OF_ALIAS = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
_REMEDY = "name it like tokens_per_day, requests_per_minute or cost_per_month_usd"


class SelectorRow(BaseModel):
    """Whom a limit applies to; what is left out means all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: str = ""
    team: str = ""
    user: str = ""
    key: str = ""
    task: str = ""
    agent: str = ""
    provider: str = ""
    model: str = ""
    tier: Literal["", "local_tool", "login_cli", "local_model", "paid_api"] = ""
    account: str = ""
    labels: dict[str, str] = Field(default_factory=dict)


class LimitRow(BaseModel):
    """One limit in the full shape. An amount of cost is in USD: `5usd`, `0.25`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = ""
    selector: SelectorRow = SelectorRow()
    meter: Meter
    window: Window
    amount: str
    mode: Literal["hard", "soft"] = "hard"
    time_zone: str = ""


class LimitsFile(BaseModel):
    """The whole file; what is neither of these is a provider, or `total`, or a limit of it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, object]

    time_zone: str = ""
    limits: list[LimitRow] = Field(default_factory=list, max_length=LIMITS_MAX)


def read_limits(path: Path) -> list[quota_pb2.Limit]:
    """All limits of the file, complete, with their ids, marked as managed by it.

    Raises InvalidRequest with one line for each mistake.
    """
    if path.stat().st_size > FILE_BYTES_MAX:
        raise InvalidRequest.of(str(path), path.stat().st_size, f"at most {FILE_BYTES_MAX} bytes")
    return parse_limits(path.read_text("utf-8"), path.name)


def parse_limits(text: str, name: str) -> list[quota_pb2.Limit]:
    """As `read_limits`, of a file's text; `name` is what errors call it."""
    loaded = _loaded(text, name)
    try:
        file = LimitsFile.model_validate({"limits": loaded} if isinstance(loaded, list) else loaded)
    except ValidationError as error:
        raise _as_invalid_request(name, error) from None
    return _distinct(name, [_limit(name, place, row, file) for place, row in _rows(name, file)])


def _loaded(text: str, name: str) -> object:
    try:
        return yaml.load(text, Loader=_TextLoader)
    except yaml.MarkedYAMLError as error:
        line = 0 if error.problem_mark is None else error.problem_mark.line + 1
        found = f"{error.problem} in line {line}"
        raise InvalidRequest.of(name, found, "write valid YAML") from None
    except yaml.YAMLError as error:
        raise InvalidRequest.of(name, str(error).split("\n")[0], "write valid YAML") from None


def _rows(name: str, file: LimitsFile) -> Iterator[tuple[str, LimitRow]]:
    """Each limit with its place in the file."""
    for scope, given in (file.__pydantic_extra__ or {}).items():
        if isinstance(given, str):
            yield scope, _founding_row(name, (TOTAL, scope), given)
            continue
        if not isinstance(given, dict):
            raise InvalidRequest.of(f"{name}: {scope}", given, _REMEDY)
        for limit_name, amount in given.items():
            row = _founding_row(name, (scope, limit_name), amount)
            yield f"{scope}.{limit_name}", row
    for place, row in enumerate(file.limits):
        yield f"limits[{place}]", row


def _founding_row(name: str, place: tuple[str, str], amount: object) -> LimitRow:
    scope, limit_name = place
    if not isinstance(amount, str):
        raise InvalidRequest.of(f"{name}: {scope}.{limit_name}", amount, "give one amount")
    found = _NAME.fullmatch(limit_name) or _ALIAS.fullmatch(limit_name)
    if found is None or (found["usd"] and found["meter"] != "cost"):
        raise InvalidRequest.of(f"{name}: {scope}", limit_name, _REMEDY)
    meter = "requests" if found["meter"] == "api_calls" else found["meter"]
    window = _WINDOW_OF_ALIAS.get(found["window"], found["window"])
    selector = SelectorRow(provider="" if scope == TOTAL else scope)
    return LimitRow.model_validate(
        {"selector": selector, "meter": meter, "window": window, "amount": amount}
    )


def _limit(name: str, place: str, row: LimitRow, file: LimitsFile) -> quota_pb2.Limit:
    asked = row.selector
    tier = f"BACKEND_TIER_{asked.tier.upper() or 'UNSPECIFIED'}"
    message = quota_pb2.Limit(
        limit_id=row.id,
        selector=quota_pb2.Selector(
            tenant_id=asked.tenant,
            team_id=asked.team,
            user_id=asked.user,
            key_id=asked.key,
            task_id=asked.task,
            agent_id=asked.agent,
            provider=asked.provider,
            model=asked.model,
            tier=ledger_pb2.BackendTier.Value(tier),
            account_id=asked.account,
            labels=asked.labels,
        ),
        meter=_METERS[row.meter],
        window=_WINDOWS[row.window],
        amount=_amount(f"{name}: {place}", row),
        mode=_MODES[row.mode],
        time_zone=row.time_zone or file.time_zone,
        managed_by=quota_pb2.MANAGED_BY_FILE,
    )
    try:
        return limit_message(checked_limit(message))
    except BursarError as error:
        raise InvalidRequest(
            f"{name}: {place}: {error.message}", violations=error.violations
        ) from None


def _amount(field: str, row: LimitRow) -> int:
    if row.meter == "cost":
        return parse_usd(row.amount, field)
    digits = row.amount.replace("_", "").replace(",", "")
    if not (digits.isascii() and digits.isdigit()) or int(digits) >= 2**63:
        raise InvalidRequest.of(field, row.amount, "give a whole number from 0 to 2^63 - 1")
    return int(digits)


def _distinct(name: str, limits: list[quota_pb2.Limit]) -> list[quota_pb2.Limit]:
    seen: set[str] = set()
    for limit in limits:
        if limit.limit_id in seen:
            remedy = "it is there twice: give one of them an id of its own, or leave it out"
            raise InvalidRequest.of(name, limit.limit_id, remedy)
        seen.add(limit.limit_id)
    return limits


def _as_invalid_request(name: str, error: ValidationError) -> InvalidRequest:
    violations = tuple(
        Violation(
            f"{name}: {'.'.join(str(part) for part in problem['loc'])}".rstrip(": "),
            str(problem["input"])[:80],
            problem["msg"].lower(),
        )
        for problem in error.errors()
    )
    return InvalidRequest("\n".join(map(str, violations)), violations=violations)


class _TextLoader(yaml.BaseLoader):
    """Scalars stay text. A key that comes twice is refused: YAML would keep the last alone."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                problem = f"key {key.value} comes twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
