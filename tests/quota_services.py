"""A quota at work for tests, its requests, and what its log holds."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

from bursar.errors import BursarError, LogBroken
from bursar.eventlog.certain import Patience
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.log import Cursor
from bursar.eventlog.projection import Projection
from bursar.eventlog.tentative import Untracked
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.state import State
from bursar_quota.dump import digest
from bursar_quota.projection import QuotaDecider
from bursar_quota.service import QuotaService, Surroundings
from bursar_quota.settings import QuotaSettings
from bursar_quota.wire import USAGE

QUICK = Patience(answer_s=0.3, pause_s=0.02, certainty_s=10.0)
COST_NANO_USD = 7_000_001


@asynccontextmanager
async def serving(log, settings=None, **surroundings):
    """The service itself for the block, which begins when it leads or never will."""
    surroundings = {"patience": QUICK} | surroundings
    service = QuotaService(log, settings or QuotaSettings(), Surroundings(**surroundings))
    running = asyncio.ensure_future(service.run())
    try:
        async with asyncio.timeout(20):
            with suppress(LogBroken):
                await service.ready()
        yield service
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def a_limit(amount, meter=quota_pb2.METER_COST_NANO_USD, window=quota_pb2.WINDOW_MONTH, **selector):
    return quota_pb2.PutLimitRequest(
        limit=quota_pb2.Limit(
            selector=quota_pb2.Selector(**selector), meter=meter, window=window, amount=amount
        )
    )


def a_reserve(operation_id="", cost_nano_usd=COST_NANO_USD, **fields):
    return quota_pb2.ReserveRequest(
        operation_id=operation_id,
        attribution=ledger_pb2.Attribution(user_id="ann"),
        target=ledger_pb2.Target(provider="anthropic", model="claude-x"),
        amounts=ledger_pb2.Amounts(
            requests=1, input_tokens=100, output_tokens=50, cost_nano_usd=cost_nano_usd
        ),
        **fields,
    )


def a_settle(reservation_id, cost_nano_usd=COST_NANO_USD, operation_id=""):
    return quota_pb2.SettleRequest(
        operation_id=operation_id,
        reservation_id=reservation_id,
        usage=ledger_pb2.TokenUsage(input_tokens=100, output_tokens=40),
        cost=ledger_pb2.Cost(total_nano_usd=cost_nano_usd, is_known=True),
        outcome=quota_pb2.OUTCOME_COMPLETED,
        source=quota_pb2.USAGE_SOURCE_PROVIDER,
    )


async def outcomes(calls):
    """What each of the calls answers or raises, all asked at once."""
    found = await asyncio.gather(*calls, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, BursarError):
            raise one
    return found


async def replayed(log):
    """The state by a fresh replay of the whole log, and all its events."""
    decider, events = QuotaDecider(), []

    def apply(state, event_bytes, number):
        event = decider.decode(event_bytes, number)
        events.append(event)
        decider.evolve(state, event, Untracked())
        return state

    projection = Projection(State(), DecidedChain(Cursor(USAGE)), apply)
    tail = await log.tail(USAGE)
    await projection.catch_up(log, tail.sequence)
    return projection.state, events


async def digest_of(quota):
    request = quota_pb2.UsageRequest(with_state_digest=True)
    return (await quota.usage(request)).state_digest


async def digest_of_replay(log):
    state, _ = await replayed(log)
    return digest(state)
