"""What may come in: every field within its bounds, or InvalidRequest naming it, its value and the
remedy. The bounds are such that the largest event fits the log's 16 KiB.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec.structs import astuple

from bursar.errors import InvalidRequest
from bursar.ledger.v1 import ledger_pb2
from bursar_quota.domain.calls import Attribution, Labels, Origin, Target
from bursar_quota.domain.limits import Selector
from bursar_quota.domain.meters import AMOUNT_MAX, Amounts
from bursar_quota.messages import KINDS_OF_CALLS_MAX

ID_BYTES_MAX = 128
LABELS_MAX = 16
LABEL_NAME_BYTES_MAX = 64
LABEL_VALUE_BYTES_MAX = 256
TEXT_BYTES_MAX = 256
CORRECTION_MAX = 2**61  # so that sums of corrections and levels fit 63 bits
SAVINGS_MAX = 8
REASONS_BYTES_MAX = 1024  # of all savings together
_UTF8_BYTES_MAX = 4  # of one character
_USAGE = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
)
_TIERS = frozenset(ledger_pb2.BackendTier.values())


def check_text(field: str, value: str, bytes_max: int = TEXT_BYTES_MAX) -> None:
    """Of any content, but not too long."""
    if len(value) * _UTF8_BYTES_MAX > bytes_max and len(value.encode()) > bytes_max:
        raise InvalidRequest.of(field, value, f"use at most {bytes_max} bytes")


def check_id(field: str, value: str, bytes_max: int = ID_BYTES_MAX) -> None:
    """Empty, or printable and without space around it."""
    if len(value) <= bytes_max and value.isascii() and value.isprintable() and " " not in value:
        return  # the usual case, and the empty one
    check_text(field, value, bytes_max)
    if not value.isprintable() or value != value.strip():
        raise InvalidRequest.of(field, value, "use printable characters, no space around them")


def check_given_id(field: str, value: str) -> None:
    if not value:
        raise InvalidRequest.of(field, value, "give one")
    check_id(field, value)


@lru_cache(maxsize=KINDS_OF_CALLS_MAX)
def check_attribution(attribution: Attribution) -> None:
    check_id("attribution.tenant_id", attribution.tenant_id)
    check_id("attribution.team_id", attribution.team_id)
    check_id("attribution.user_id", attribution.user_id)
    check_id("attribution.key_id", attribution.key_id)
    check_id("attribution.task_id", attribution.task_id)
    check_id("attribution.agent_id", attribution.agent_id)
    if attribution.labels:
        check_labels("attribution.labels", attribution.labels)


def check_origin(origin: Origin) -> None:
    """What the attribution does not have."""
    check_id("attribution.call_id", origin.call_id)
    check_id("attribution.cause_id", origin.cause_id)


@lru_cache(maxsize=KINDS_OF_CALLS_MAX)
def check_target(target: Target) -> None:
    check_id("target.provider", target.provider)
    check_id("target.model", target.model)
    check_id("target.account_id", target.account_id)
    _check_tier("target.tier", target.tier)


def check_selector(selector: Selector) -> None:
    for name in selector.__struct_fields__:
        value = getattr(selector, name)
        if isinstance(value, str):
            check_id(f"limit.selector.{name}", value)
    _check_tier("limit.selector.tier", selector.tier)
    check_labels("limit.selector.labels", selector.labels)


def check_labels(field: str, labels: Labels) -> None:
    if len(labels) > LABELS_MAX:
        raise InvalidRequest.of(field, f"{len(labels)} labels", f"use at most {LABELS_MAX}")
    for name, value in labels:
        check_given_id(f"{field} name", name)
        check_id(f"{field} name", name, LABEL_NAME_BYTES_MAX)
        check_text(f"{field}[{name}]", value, LABEL_VALUE_BYTES_MAX)


def check_amount(field: str, value: int) -> None:
    if not 0 <= value <= AMOUNT_MAX:
        raise InvalidRequest.of(field, value, "give a whole number from 0 to 2^63 - 1")


def check_amounts(field: str, amounts: Amounts) -> None:
    taken, given = amounts.input_tokens, amounts.output_tokens
    tokens = taken + given
    are_positive = taken >= 0 <= given and amounts.requests >= 0 <= amounts.cost_nano_usd
    if are_positive and tokens <= AMOUNT_MAX:
        return  # one value of the contract's integers cannot be too large, only a sum
    for name in amounts.__struct_fields__:
        check_amount(f"{field}.{name}", getattr(amounts, name))
    check_amount(f"{field}: input and output tokens together", tokens)


def check_signed_amounts(field: str, amounts: Amounts) -> None:
    """A correction: each may be negative, and one is not 0."""
    values = astuple(amounts)
    if not any(values):
        raise InvalidRequest.of(field, "nothing", "give at least one amount other than 0")
    if max(map(abs, values)) > CORRECTION_MAX:
        raise InvalidRequest.of(field, max(values, key=abs), f"correct at most {CORRECTION_MAX}")


def check_usage(usage: ledger_pb2.TokenUsage) -> None:
    """Parts may not be more than the whole."""
    whole, cached = usage.input_tokens, usage.cached_input_tokens
    written, written_1h = usage.cache_write_tokens, usage.cache_write_1h_tokens
    output, reasoning = usage.output_tokens, usage.reasoning_tokens
    if min(whole, cached, written, written_1h, output, reasoning) < 0:
        for name in _USAGE:
            check_amount(f"usage.{name}", getattr(usage, name))
    _check_part("usage: cached and cache-written tokens", cached + written + written_1h, whole)
    _check_part("usage.reasoning_tokens", reasoning, output)


def check_cost(cost: ledger_pb2.Cost) -> None:
    check_amount("cost.total_nano_usd", cost.total_nano_usd)
    if cost.total_nano_usd and not cost.is_known:
        raise InvalidRequest.of("cost.is_known", False, "an unknown cost is 0; mark known ones")
    if not cost.HasField("price"):
        return
    price = cost.price
    _check_price(price.provider, price.model, price.price_set, price.snapshot_hash)


@lru_cache(maxsize=KINDS_OF_CALLS_MAX)
def _check_price(provider: str, model: str, price_set: str, snapshot_hash: bytes) -> None:
    check_id("cost.price.provider", provider)
    check_id("cost.price.model", model)
    check_id("cost.price.price_set", price_set)
    if len(snapshot_hash) not in (0, 32):
        remedy = "give a SHA-256, 32 bytes"
        raise InvalidRequest.of("cost.price.snapshot_hash", snapshot_hash.hex(), remedy)


def check_savings(savings: Sequence[ledger_pb2.Saving]) -> None:
    if not savings:
        return
    if len(savings) > SAVINGS_MAX:
        raise InvalidRequest.of("savings", len(savings), f"give at most {SAVINGS_MAX}, by cause")
    for saving in savings:
        check_text("savings.reason", saving.reason)
    reasons = "".join(saving.reason for saving in savings)
    check_text("savings: reasons", reasons, REASONS_BYTES_MAX)


def _check_part(field: str, part: int, whole: int) -> None:
    if part > whole:
        raise InvalidRequest.of(field, part, f"it is a part of {whole}, so it cannot be more")


def _check_tier(field: str, tier: int) -> None:
    if tier not in _TIERS:
        raise InvalidRequest.of(field, tier, "name a tier of the contract, or none")
