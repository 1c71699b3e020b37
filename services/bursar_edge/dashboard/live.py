"""Tells an open page that the ledger has moved, so that it asks again: server-sent events."""

from __future__ import annotations

import asyncio
import json

from bursar.errors import BursarError
from bursar.quota.v1 import quota_pb2
from bursar_edge.dashboard.questions import Questions
from bursar_edge.http1.exchange import Exchange

PERIOD_S = 1.0
# Windows end and forecasts move even where nobody spends.
SILENCE_PERIODS_MAX = 10
_USAGE = quota_pb2.DESCRIPTOR.services_by_name["QuotaService"].methods_by_name["Usage"]


async def tell(
    exchange: Exchange, questions: Questions, key: str, is_ending: asyncio.Event
) -> None:
    """Writes `moved` events until the page is left or the process ends."""
    known, silent_periods = -1, 0
    while not is_ending.is_set():
        at = await _position(questions, key)
        silent_periods += 1
        if at != known or silent_periods >= SILENCE_PERIODS_MAX:
            known, silent_periods = at, 0
            data = json.dumps({"event_number": str(at)})
            exchange.write(f"event: moved\ndata: {data}\n\n".encode())
            await exchange.drained()
        try:
            await asyncio.wait_for(is_ending.wait(), PERIOD_S)
        except TimeoutError:
            continue
    exchange.end()


async def _position(questions: Questions, key: str) -> int:
    """How far the ledger goes; 0 while quota cannot be asked, so that pages see that, too."""
    try:
        answered = await questions.ask(_USAGE, quota_pb2.UsageRequest(), key)
    except BursarError:
        return 0
    assert isinstance(answered, quota_pb2.UsageResponse)
    return answered.as_of.event_number or answered.as_of.sequence
