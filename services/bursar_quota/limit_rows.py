"""One limit as a file's full shape has it, and the same as the contract's message, both ways."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from bursar.errors import InvalidRequest
from bursar.money import NANO_USD_PER_USD, parse_usd
from bursar.quota.v1 import quota_pb2
from bursar_quota import limit_words as words
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
    tier: words.Tier = ""
    account: str = ""
    labels: dict[str, str] = Field(default_factory=dict)


class LimitRow(BaseModel):
    """One limit in the full shape. An amount of cost is in USD: `5usd`, `0.25`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = ""
    selector: SelectorRow = SelectorRow()
    meter: words.Meter
    window: words.Window
    amount: str
    mode: words.Mode = "hard"
    time_zone: str = ""

    def message(self, field: str, time_zone: str) -> quota_pb2.Limit:
        """As a file's limit. Raises InvalidRequest naming `field` for its amount."""
        return quota_pb2.Limit(
            limit_id=self.id,
            selector=_selector_message(self.selector),
            meter=words.METERS[self.meter],
            window=words.WINDOWS[self.window],
            amount=_amount(field, self),
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
        window=words.WINDOW_WORDS[limit.window],
        amount=_amount_text(limit),
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
        tier=words.TIER_WORDS[selector.tier],
        account=selector.account_id,
        labels=dict(sorted(selector.labels.items())),
    )


def _amount(field: str, row: LimitRow) -> int:
    if row.meter == "cost":
        return parse_usd(row.amount, field)
    digits = row.amount.replace("_", "").replace(",", "")
    if not (digits.isascii() and digits.isdigit()) or int(digits) > AMOUNT_MAX:
        raise InvalidRequest.of(field, row.amount, "give a whole number from 0 to 2^63 - 1")
    return int(digits)


def _amount_text(limit: quota_pb2.Limit) -> str:
    """Exact: `parse_usd` of it gives the amount back."""
    if limit.meter != quota_pb2.METER_COST_NANO_USD:
        return str(limit.amount)
    whole, fraction = divmod(limit.amount, NANO_USD_PER_USD)
    digits = f"{fraction:09d}".rstrip("0")
    return f"{whole}.{digits}usd" if digits else f"{whole}usd"
