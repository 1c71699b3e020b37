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
    """What quota answered, and when. `everywhere` are those levels that no target is needed for."""

    levels: Levels
    everywhere: Levels
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
        asked: list[Target | None] = [*dict.fromkeys(targets)] or [None]
        if len(asked) == 1:
            answers = [await self._known(attribution, asked[0])]
        else:
            answers = await self._known_together(attribution, asked)
        return _limits(asked, answers, self._clock())

    async def _known_together(
        self, attribution: ledger_pb2.Attribution, asked: Sequence[Target | None]
    ) -> list[Known | None]:
        try:
            async with asyncio.TaskGroup() as group:
                checks = [group.create_task(self._known(attribution, target)) for target in asked]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [check.result() for check in checks]

    async def _known(
        self, attribution: ledger_pb2.Attribution, target: Target | None
    ) -> Known | None:
        """Current levels; where quota is away those it last told, None where it never did."""
        request = quota_pb2.CheckRequest(attribution=attribution)
        if target is not None:
            request.target.CopyFrom(target_message(target))
        key = _key(request)
        try:
            with deadline.within(self._timeout_s):
                answer = await self._quota.check(request)
        except BursarError as error:
            if error.kind not in AWAY:
                raise
            return self._kept.get(key)
        at_ns = self._clock()
        self._kept.put(key, _known_of(filter(_is_lasting, answer.levels), at_ns, is_current=False))
        return _known_of(answer.levels, at_ns, is_current=True)


def _limits(asked: Sequence[Target | None], answers: Sequence[Known | None], now_ns: int) -> Limits:
    """All of it is as old as its oldest part. Of a target that quota never told anything about,
    what holds everywhere is known, if anything is.
    """
    known = [answer for answer in answers if answer is not None]
    if len(known) == len(answers) and all(answer.is_current for answer in known):
        knowledge = Knowledge.CURRENT
    else:
        knowledge = Knowledge.LAST_KNOWN if known else Knowledge.NONE
    return Limits(
        everywhere=known[0].everywhere if known else (),
        by_target={
            target: answer.levels
            for target, answer in zip(asked, answers, strict=True)
            if target is not None and answer is not None
        },
        knowledge=knowledge,
        age_ns=max((now_ns - answer.at_ns for answer in known if not answer.is_current), default=0),
    )


def _known_of(levels: Iterable[quota_pb2.Level], at_ns: int, *, is_current: bool) -> Known:
    """Those whose meter is known here; a newer quota may count more."""
    found = [level for level in levels if level.limit.meter in METERS]
    return Known(
        tuple(_level_of(level) for level in found),
        tuple(_level_of(level) for level in found if _holds_everywhere(level)),
        at_ns,
        is_current,
    )


def _holds_everywhere(level: quota_pb2.Level) -> bool:
    selector = level.limit.selector
    return not (selector.provider or selector.model or selector.tier or selector.account_id)


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
