"""A small quota for tests of the planner: it only knows where limits stand."""

from __future__ import annotations

import asyncio

from bursar.errors import BursarError
from bursar.quota.v1 import quota_pb2


def quota_level(
    limit_id,
    *,
    settled=0,
    held=0,
    amount=100,
    meter=quota_pb2.METER_TOTAL_TOKENS,
    mode=quota_pb2.MODE_HARD,
    **selector,
):
    limit = quota_pb2.Limit(
        limit_id=limit_id,
        selector=quota_pb2.Selector(**selector),
        meter=meter,
        mode=mode,
        amount=amount,
    )
    return quota_pb2.Level(limit=limit, settled=settled, held=held)


class LevelsOnly:
    """Answers `check` by comparing task, provider and model, as the real one does."""

    def __init__(self, *levels: quota_pb2.Level):
        self.levels = list(levels)
        self.error: BursarError | None = None
        self.never_answers = False
        self.checks = 0
        self.asked = asyncio.Event()

    async def check(self, request):
        self.checks += 1
        self.asked.set()
        if self.never_answers:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return quota_pb2.CheckResponse(
            is_allowed=True,
            levels=[level for level in self.levels if _matches(level.limit.selector, request)],
        )


def _matches(selector, request):
    wanted = {
        selector.provider: request.target.provider,
        selector.model: request.target.model,
        selector.task_id: request.attribution.task_id,
    }
    return all(not asked or asked == found for asked, found in wanted.items())
