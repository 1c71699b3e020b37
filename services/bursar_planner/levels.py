"""The levels of the limits that match a task: asked of quota, else as they were last known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bursar.clients.quota import QuotaClient
from bursar.errors import BursarError, Kind
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.recently_used import RecentlyUsed
from bursar.rpc import deadline
from bursar_planner.domain.backends import Target
from bursar_planner.domain.limits import Knowledge, LimitLevel, Limits
from bursar_planner.domain.vocabulary import Meter
from bursar_planner.replies import target_message

METERS: frozenset[int] = frozenset(meter.value for meter in Meter)
# Quota cannot answer now. Anything else it says of a request is the caller's to mend.
AWAY = frozenset({Kind.UNAVAILABLE, Kind.LATE, Kind.EXHAUSTED, Kind.BROKEN_LOG})

Levels: TypeAlias = tuple[LimitLevel, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What quota answered, and when."""

    levels: Levels
    at_ns: int
    is_current: bool = True


class LimitLevels:
    """Asks quota for each target; bounded by `timeout_s`, never in the way of a plan."""

    def __init__(
        self, quota: QuotaClient, clock: Callable[[], int], timeout_s: float, kept_max: int
    ) -> None:
        self._quota = quota
        self._clock = clock
        self._timeout_s = timeout_s
        self._kept: RecentlyUsed[bytes, Known] = RecentlyUsed(kept_max)

    async def matching(
        self, attribution: ledger_pb2.Attribution, targets: Sequence[Target]
    ) -> Limits:
        """The levels that match the task wherever it goes, and those for each of `targets`.

        Raises what quota finds wrong with the request.
        """
        try:
            async with asyncio.TaskGroup() as group:
                everywhere = group.create_task(self._known(attribution, None))
                by_target = {
                    target: group.create_task(self._known(attribution, target))
                    for target in dict.fromkeys(targets)
                }
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        found = {target: check.result() for target, check in by_target.items()}
        return _limits(everywhere.result(), found, self._clock())

    async def _known(
        self, attribution: ledger_pb2.Attribution, target: Target | None
    ) -> Known | None:
        """Current levels; where quota is away those it last told, None where it never did."""
        request = quota_pb2.CheckRequest(attribution=attribution)
        if target is not None:
            request.target.CopyFrom(target_message(target))
        key = _key(request)
        try:
            async with deadline.within(self._timeout_s):
                answer = await self._quota.check(request)
        except BursarError as error:
            if error.kind not in AWAY:
                raise
            return self._kept.get(key)
        at_ns = self._clock()
        self._kept.put(key, Known(_levels(filter(_is_lasting, answer.levels)), at_ns, False))
        return Known(_levels(answer.levels), at_ns)


def _limits(everywhere: Known | None, found: dict[Target, Known | None], now_ns: int) -> Limits:
    """All of it is as old as its oldest part. What is not known about a target is what is known
    of the task.
    """
    answers = [everywhere, *found.values()]
    old = [known for known in answers if known is not None and not known.is_current]
    is_current = all(known is not None and known.is_current for known in answers)
    if is_current:
        knowledge = Knowledge.CURRENT
    else:
        knowledge = Knowledge.LAST_KNOWN if any(answers) else Knowledge.NONE
    return Limits(
        everywhere=everywhere.levels if everywhere else (),
        by_target={target: known.levels for target, known in found.items() if known},
        knowledge=knowledge,
        age_ns=max((now_ns - known.at_ns for known in old), default=0),
    )


def _key(request: quota_pb2.CheckRequest) -> bytes:
    """The caller and the target: what stays the same from one task to the next."""
    lasting = quota_pb2.CheckRequest()
    lasting.CopyFrom(request)
    for name in ("task_id", "agent_id", "call_id", "cause_id"):
        lasting.attribution.ClearField(name)
    return lasting.SerializeToString(deterministic=True)


def _is_lasting(level: quota_pb2.Level) -> bool:
    """Whether the limit will match the caller's next task, too."""
    return not level.limit.selector.task_id and not level.limit.selector.agent_id


def _levels(levels: Iterable[quota_pb2.Level]) -> Levels:
    """Those whose meter is known here; a newer quota may count more."""
    return tuple(_level_of(level) for level in levels if level.limit.meter in METERS)


def _level_of(level: quota_pb2.Level) -> LimitLevel:
    limit = level.limit
    return LimitLevel(
        limit.limit_id,
        Meter(limit.meter),
        limit.amount,
        level.settled,
        level.held,
        is_hard=limit.mode == quota_pb2.MODE_HARD,
    )
