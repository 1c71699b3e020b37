"""Results that are known already, and results kept for the next one who asks."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.cache.v1 import cache_pb2
from bursar.clients.cache import CacheClient
from bursar.errors import BursarError
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.tasks import saving
from bursar_executor.tasks.recorder import Recorder

CONTENT_KIND = "bursar.task"
NONE = planner_pb2.CACHE_STRATEGY_NONE
LOOKUP, STORE = executor_pb2.STEP_NAME_LOOKUP, executor_pb2.STEP_NAME_STORE
FAILED = executor_pb2.STEP_STATE_FAILED


@dataclass(frozen=True, slots=True)
class Answers:
    """The cache as one task sees it: its tenant, its key, its plan's strategy.

    `why_fresh` says why nothing is looked up and kept; empty where the cache may be used. A cache
    that is away costs a hit, never the task.
    """

    cache: CacheClient
    recorder: Recorder
    attribution: ledger_pb2.Attribution
    key: cache_pb2.Key
    strategy: planner_pb2.CacheStrategy.ValueType
    why_fresh: str = ""

    async def known(self) -> executor_pb2.TaskResult | None:
        """The result of the same task done before: nothing spent, what it took saved."""
        if self.why_fresh:
            self.recorder.skipped(LOOKUP, self.why_fresh)
            return None
        self.recorder.began(LOOKUP, "was this done before")
        request = cache_pb2.LookupRequest(
            attribution=self.attribution, key=self.key, strategy=self.strategy
        )
        try:
            found = await self.cache.lookup(request)
        except BursarError as error:
            self.recorder.ended(LOOKUP, FAILED, error.message)
            return None
        if not found.is_hit:
            self.recorder.done(LOOKUP, f"not in the cache ({found.miss_reason})")
            return None
        layer = cache_pb2.Layer.Name(found.layer).removeprefix("LAYER_").lower()
        self.recorder.done(LOOKUP, f"in the {layer} cache: nothing has to be done again")
        return _as_known(found.entry)

    async def keep(self, result: executor_pb2.TaskResult) -> None:
        """Stores a complete result; says why not otherwise."""
        is_complete = result.state == executor_pb2.TASK_STATE_COMPLETED
        if self.why_fresh or not is_complete:
            why = self.why_fresh if is_complete else "only complete results are kept"
            self.recorder.skipped(STORE, why)
            return
        self.recorder.began(STORE, "kept for the next one who asks")
        request = cache_pb2.StoreRequest(
            attribution=self.attribution,
            key=self.key,
            entry=cache_pb2.Entry(
                content=_without_its_place(result).SerializeToString(),
                content_kind=CONTENT_KIND,
                usage=result.usage,
                cost=result.cost,
            ),
            strategy=self.strategy,
            is_complete=True,
        )
        try:
            stored = await self.cache.store(request)
        except BursarError as error:
            self.recorder.ended(STORE, FAILED, error.message)
            return
        summary = "kept" if stored.is_stored else f"not kept ({stored.refused_reason})"
        self.recorder.done(STORE, summary)


def _without_its_place(result: executor_pb2.TaskResult) -> executor_pb2.TaskResult:
    """The next one who asks has a directory of their own."""
    if not result.origin_directory:
        return result
    kept = executor_pb2.TaskResult()
    kept.CopyFrom(result)
    kept.ClearField("origin_directory")
    return kept


def _as_known(entry: cache_pb2.Entry) -> executor_pb2.TaskResult:
    result = executor_pb2.TaskResult.FromString(entry.content)
    result.is_from_cache = True
    result.usage.Clear()
    result.cost.CopyFrom(ledger_pb2.Cost(is_known=True))
    del result.savings[:]
    result.savings.append(saving.by_cached_answer(entry.usage, entry.cost))
    return result
