"""What benchmarks ask of quota: calls that meet six limits each."""

from __future__ import annotations

from bursar.clients.quota import QuotaClient
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2

AMOUNT = 2**62
CALLER = ledger_pb2.Attribution(tenant_id="acme", team_id="red", user_id="ann", key_id="k1")
TARGET = ledger_pb2.Target(
    provider="anthropic", model="claude-x", tier=ledger_pb2.BACKEND_TIER_PAID_API
)
LIMITS = (
    (quota_pb2.Selector(), quota_pb2.METER_COST_NANO_USD, quota_pb2.WINDOW_MONTH),
    (quota_pb2.Selector(provider="anthropic"), quota_pb2.METER_REQUESTS, quota_pb2.WINDOW_MINUTE),
    (quota_pb2.Selector(provider="anthropic"), quota_pb2.METER_TOTAL_TOKENS, quota_pb2.WINDOW_DAY),
    (quota_pb2.Selector(provider="anthropic"), quota_pb2.METER_COST_NANO_USD, quota_pb2.WINDOW_DAY),
    (quota_pb2.Selector(tenant_id="acme"), quota_pb2.METER_TOTAL_TOKENS, quota_pb2.WINDOW_MONTH),
    (quota_pb2.Selector(user_id="ann"), quota_pb2.METER_COST_NANO_USD, quota_pb2.WINDOW_DAY),
)


async def put_limits(quota: QuotaClient) -> None:
    """The six that every call meets, none of which denies."""
    for selector, meter, window in LIMITS:
        limit = quota_pb2.Limit(selector=selector, meter=meter, window=window, amount=AMOUNT)
        await quota.put_limit(quota_pb2.PutLimitRequest(limit=limit))


def reserve_request(name: str) -> quota_pb2.ReserveRequest:
    return quota_pb2.ReserveRequest(
        operation_id=f"{name}.reserve",
        attribution=CALLER,
        target=TARGET,
        amounts=ledger_pb2.Amounts(
            requests=1, input_tokens=1000, output_tokens=500, cost_nano_usd=30_000
        ),
        is_dispatched=True,
    )


def settle_request(name: str, reservation_id: str) -> quota_pb2.SettleRequest:
    return quota_pb2.SettleRequest(
        operation_id=f"{name}.settle",
        reservation_id=reservation_id,
        usage=ledger_pb2.TokenUsage(input_tokens=1000, output_tokens=300),
        cost=ledger_pb2.Cost(total_nano_usd=20_000, is_known=True),
        outcome=quota_pb2.OUTCOME_COMPLETED,
        source=quota_pb2.USAGE_SOURCE_PROVIDER,
    )
