"""One limit as a file's full shape has it, and the same as the contract's message, both ways."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from bursar.errors import InvalidRequest
from bursar.money import NANO_USD_PER_USD, parse_usd
from bursar.quota.v1 import quota_pb2
from bursar_quota import limit_words as words
from bursar_quota.domain.limits import span_text
from bursar_quota.domain.meters import AMOUNT_MAX


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
    model_family: str = ""
    tier: words.Tier = ""
    account: str = ""
    labels: dict[str, str] = Field(default_factory=dict)


class LimitRow(BaseModel):
    """One limit in the full shape. An amount of cost is in USD: `5usd`, `0.25`. A window that is a
    length, such as `5h`, is a rolling one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = ""
    selector: SelectorRow = SelectorRow()
    meter: words.Meter
    window: str = Field(default="", validate_default=True)
    amount: str
    mode: words.Mode = "hard"
    time_zone: str = ""
    carry_over: str = ""
    alerts: list[int] = Field(default_factory=list)
    confidence: int = Field(default=0, ge=0, le=100)

    @field_validator("window")
    @classmethod
    def _is_known(cls, window: str, info: ValidationInfo) -> str:
        is_needed = info.data.get("meter") != "concurrent"
        is_known = window in words.WINDOWS or words.span_ns(window) is not None
        if not is_known and (window or is_needed):
            known = ", ".join(words.WINDOWS)
            raise ValueError(f"give one of: {known}, or a length such as 5h or 7d")
        return window

    def message(self, field: str, time_zone: str) -> quota_pb2.Limit:
        """As a file's limit. Raises InvalidRequest naming `field` for its amount."""
        return quota_pb2.Limit(
            limit_id=self.id,
            selector=_selector_message(self.selector),
            meter=words.METERS[self.meter],
            window=_window(self),
            rolling_ns=words.span_ns(self.window) or 0,
            amount=_amount(field, self.meter, self.amount),
            carry_over_max=_amount(field, self.meter, self.carry_over or "0"),
            alert_pcts=self.alerts,
            confidence_pct=self.confidence,
            mode=words.MODES[self.mode],
            time_zone=self.time_zone or time_zone,
            managed_by=quota_pb2.MANAGED_BY_FILE,
        )


def row_of(limit: quota_pb2.Limit) -> LimitRow:
    """The row that a file needs to say the same."""
    return LimitRow(
        id=limit.limit_id,
        selector=_selector_row(limit.selector),
        meter=words.METER_WORDS[limit.meter],
        window=_window_text(limit),
        amount=_amount_text(limit.meter, limit.amount),
        carry_over=_amount_text(limit.meter, limit.carry_over_max) if limit.carry_over_max else "",
        alerts=list(limit.alert_pcts),
        confidence=limit.confidence_pct,
        mode=words.MODE_WORDS[limit.mode],
        time_zone=limit.time_zone,
    )


def _selector_message(row: SelectorRow) -> quota_pb2.Selector:
    return quota_pb2.Selector(
        tenant_id=row.tenant,
        team_id=row.team,
        user_id=row.user,
        key_id=row.key,
        task_id=row.task,
        agent_id=row.agent,
        provider=row.provider,
        model=row.model,
        model_family=row.model_family,
        tier=words.TIERS[row.tier],
        account_id=row.account,
        labels=row.labels,
    )


def _selector_row(selector: quota_pb2.Selector) -> SelectorRow:
    return SelectorRow(
        tenant=selector.tenant_id,
        team=selector.team_id,
        user=selector.user_id,
        key=selector.key_id,
        task=selector.task_id,
        agent=selector.agent_id,
        provider=selector.provider,
        model=selector.model,
        model_family=selector.model_family,
        tier=words.TIER_WORDS[selector.tier],
        account=selector.account_id,
        labels=dict(sorted(selector.labels.items())),
    )


def _window(row: LimitRow) -> quota_pb2.Window.ValueType:
    if not row.window:
        return quota_pb2.WINDOW_UNSPECIFIED
    return next(
        (window for word, window in words.WINDOWS.items() if word == row.window),
        quota_pb2.WINDOW_ROLLING,
    )


def _window_text(limit: quota_pb2.Limit) -> str:
    if limit.meter == quota_pb2.METER_CONCURRENT_RESERVATIONS:
        return ""
    return span_text(limit.rolling_ns) if limit.rolling_ns else words.WINDOW_WORDS[limit.window]


def _amount(field: str, meter: words.Meter, text: str) -> int:
    if meter == "cost":
        return parse_usd(text, field)
    digits = text.replace("_", "").replace(",", "")
    if not (digits.isascii() and digits.isdigit()) or int(digits) > AMOUNT_MAX:
        raise InvalidRequest.of(field, text, "give a whole number from 0 to 2^63 - 1")
    return int(digits)


def _amount_text(meter: quota_pb2.Meter.ValueType, amount: int) -> str:
    """Exact: `parse_usd` of it gives the amount back."""
    if meter != quota_pb2.METER_COST_NANO_USD:
        return str(amount)
    whole, fraction = divmod(amount, NANO_USD_PER_USD)
    digits = f"{fraction:09d}".rstrip("0")
    return f"{whole}.{digits}usd" if digits else f"{whole}usd"
