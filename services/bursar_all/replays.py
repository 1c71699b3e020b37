"""Money's past for a command: levels as they stood, and what other limits would have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bursar.errors import InvalidRequest
from bursar.eventlog.log import EventLog
from bursar.eventlog.stream import StreamId
from bursar.eventlog.verification import Progress, streams_there
from bursar.quota.v1 import quota_pb2
from bursar_all.periods import instant_ns
from bursar_quota.calendar import ZonedCalendar
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.reading import levels_of_tenant
from bursar_quota.domain.terms import Now, Terms
from bursar_quota.dump import digest
from bursar_quota.messages import level_message
from bursar_quota.replay import Until, place_of, read_events, state_at
from bursar_quota.what_if import Outcome, WhatIf
from bursar_quota.wire import USAGE


@dataclass(frozen=True, slots=True)
class Moment:
    """The partitions to replay, and how far each."""

    streams: Sequence[StreamId]
    until: Until


@dataclass(frozen=True, slots=True)
class Past:
    """One partition as it stood behind its event of this number."""

    stream: StreamId
    event_number: int
    at_ns: int
    reservations: int
    levels: list[quota_pb2.Level]
    state_digest: bytes


async def moment_of(log: EventLog, as_of: str | None) -> Moment:
    """An instant (of all partitions), or an event's id such as `usage-0-42` (of its own).

    None means the log's end. Raises InvalidRequest for another text.
    """
    streams = [stream for stream in await streams_there(log) if stream.name == USAGE.name]
    if as_of is None:
        return Moment(streams, Until())
    place = place_of(as_of)
    if place is None:
        return Moment(streams, Until(at_ns=instant_ns(as_of, "--as-of")))
    if place[0] not in streams:
        raise InvalidRequest.of("--as-of", as_of, "name an event of a partition that is there")
    return Moment([place[0]], Until(number=place[1]))


async def past_of(log: EventLog, moment: Moment, tenant_id: str, progress: Progress) -> list[Past]:
    """Levels at that moment, in the windows that were open then."""
    found: list[Past] = []
    terms = Terms(ZonedCalendar())
    for stream in moment.streams:
        state = await state_at(log, stream, moment.until, progress)
        at_ns = state.now.at_ns if moment.until.at_ns == Until().at_ns else moment.until.at_ns
        levels = levels_of_tenant(state, tenant_id, Now(at_ns, terms))
        found.append(
            Past(
                stream,
                state.now.event_number,
                state.now.at_ns,
                len(state.reservations),
                [level_message(level) for level in levels],
                digest(state),
            )
        )
    return found


async def what_if(
    log: EventLog, moment: Moment, limits: Sequence[Limit], progress: Progress
) -> Outcome:
    """All history up to the moment under other limits, partition by partition."""
    outcome = Outcome()
    for stream in moment.streams:
        replayed = WhatIf(limits, Terms(ZonedCalendar()))
        await read_events(log, stream, moment.until, replayed.take, progress)
        outcome.add(replayed.outcome)
    return outcome
