"""Where a new limit begins: with what its window already has.

What is settled it takes from the hourly sums, which know the tenant, the provider and the model.
Selectors on anything else, and windows shorter than an hour, begin pending: with what calls that
are not over yet settled, until the rest has been read from the log. What is held it takes from the
open reservations, whatever it selects on: their ends will move the level by the difference.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from bursar_quota.domain.levels import Earlier, Level, Opening
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.meters import AMOUNT_MAX, Meter, by_meter
from bursar_quota.domain.standing import rolling_window
from bursar_quota.domain.state import NS_PER_HOUR, Reservation, State
from bursar_quota.domain.terms import Now
from bursar_quota.domain.usage_hours import hours_of, is_summed_up, settled_in
from bursar_quota.domain.windows import Window, part_number, rolling_part


class Beginning(Struct, frozen=True, gc=False):
    """`level` in the bucket `opened`, together with what the parts before it hold; None where
    counting goes on as it did.
    """

    level: Level
    opened: Opening | None
    earlier: tuple[Earlier, ...] = ()


def beginning(state: State, limit: Limit, now: Now) -> Beginning:
    """Counts what can be known at once."""
    window = limit.window_at(now.terms.calendar, now.ns)
    opened = Opening(state.now.buckets_opened + 1, limit.limit_id, limit.meter, window)
    span = rolling_window(limit, window) if limit.rolling_ns else window
    is_whole = limit.meter is Meter.CONCURRENT_RESERVATIONS or is_summed_up(limit)
    level = Level(limit, span, 0, 0, span.starts_at_ns if is_whole else now.ns)
    counted = [one for one in state.reservations.values() if counts_on(level, one)]
    held = sum(one.holds[limit.meter] for one in counted)
    settled = sum(_settled(limit, one) for one in counted)
    earlier: tuple[Earlier, ...] = ()
    if is_whole and limit.rolling_ns:
        earlier, present = _parts(state, limit, (opened, span), counted)
        settled += present + sum(part.settled for part in earlier)
    elif is_whole:
        settled = settled_in(state, limit, window)
    level = Level(
        limit,
        span,
        min(settled, AMOUNT_MAX),
        min(held, AMOUNT_MAX),
        level.counted_since_ns,
        is_pending=not is_whole,
    )
    return Beginning(level, opened, earlier)


def counts_on(level: Level, reservation: Reservation) -> bool:
    """Whether a reservation made before the limit counts on it."""
    return level.window.holds(reservation.reserved_at_ns) and level.limit.selector.selects(
        reservation.attribution, reservation.target
    )


def _parts(
    state: State, limit: Limit, place: tuple[Opening, Window], counted: list[Reservation]
) -> tuple[tuple[Earlier, ...], int]:
    """What calls that are over settled in the parts before, and in the present one.

    An hour counts whole in the part that holds its end: rounded against the tenant.
    """
    opened, span = place
    present, sums = part_number(opened.window), dict[int, int]()
    for hour, amount in _over(state, limit, counted):
        at_ns = min((hour + 1) * NS_PER_HOUR, opened.window.ends_at_ns) - 1
        if at_ns >= span.starts_at_ns:
            number = part_number(rolling_part(limit.rolling_ns, at_ns))
            sums[number] = sums.get(number, 0) + amount
    settled_at_present = max(0, sums.pop(present, 0))
    earlier: list[Earlier] = []
    for number, settled in sorted(sums.items()):
        if settled > 0:
            window = _part(limit, opened.window, number)
            opening = Opening(opened.number + 1 + len(earlier), limit.limit_id, limit.meter, window)
            earlier.append(Earlier(opening, settled))
    return tuple(earlier), settled_at_present


def _over(state: State, limit: Limit, counted: list[Reservation]) -> Iterator[tuple[int, int]]:
    """Hours and amounts, without those of calls that are not over."""
    yield from hours_of(state, limit)
    for reservation in counted:
        yield reservation.reserved_at_ns // NS_PER_HOUR, -_settled(limit, reservation)


def _part(limit: Limit, part: Window, number: int) -> Window:
    length_ns = part.ends_at_ns - part.starts_at_ns
    return rolling_part(limit.rolling_ns, number * length_ns)


def _settled(limit: Limit, reservation: Reservation) -> int:
    return by_meter(reservation.settled)[limit.meter]
