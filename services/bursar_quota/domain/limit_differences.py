"""What has to change so that the limits of a file stand as the file says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from bursar.errors import FailedPrecondition
from bursar_quota.domain.limits import Limit, ManagedBy
from bursar_quota.domain.state import State

NAMED_MAX = 5  # of the limits that another owner has, in one sentence


class Difference(Struct, frozen=True, gc=False):
    """`before` is None for a new limit, `after` for one that goes."""

    before: Limit | None
    after: Limit | None

    @property
    def limit_id(self) -> str:
        limit = self.after or self.before
        assert limit is not None
        return limit.limit_id


class Differences(Struct, frozen=True, gc=False):
    """In the order of ids; `unchanged` counts the limits that stand already."""

    changes: tuple[Difference, ...]
    unchanged: int


def differences(
    state: State, wanted: Iterable[Limit], *, is_pruning: bool, tenant_id: str
) -> Differences:
    """Between the state and what is wanted. With `is_pruning` the file's other limits go: those of
    the tenant, or all where none is named.

    Raises FailedPrecondition naming the limits that another owner has.
    """
    limits = {limit.limit_id: limit for limit in wanted}
    _refuse_what_others_manage(state, limits)
    changes = [*_put(state, limits)]
    unchanged = len(limits) - len(changes)
    if is_pruning:
        changes += _pruned(state, limits, tenant_id)
    return Differences(tuple(sorted(changes, key=lambda one: one.limit_id)), unchanged)


def _put(state: State, limits: dict[str, Limit]) -> Iterator[Difference]:
    for limit_id, limit in limits.items():
        entry = state.limits.get(limit_id)
        before = None if entry is None else entry.limit
        if before != limit:
            yield Difference(before, limit)


def _pruned(state: State, limits: dict[str, Limit], tenant_id: str) -> Iterator[Difference]:
    for limit_id, entry in state.limits.items():
        limit = entry.limit
        is_own = limit.managed_by is ManagedBy.FILE
        if is_own and limit_id not in limits and tenant_id in ("", limit.selector.tenant_id):
            yield Difference(limit, None)


def _refuse_what_others_manage(state: State, limits: dict[str, Limit]) -> None:
    others = [
        limit_id
        for limit_id, limit in limits.items()
        if (entry := state.limits.get(limit_id)) is not None
        and entry.limit.managed_by is not limit.managed_by
    ]
    if others:
        named = ", ".join(sorted(others)[:NAMED_MAX])
        more = f" and {len(others) - NAMED_MAX} more" if len(others) > NAMED_MAX else ""
        raise FailedPrecondition(
            f"not managed by a file: {named}{more}; leave them out of it, give yours other ids,"
            " or delete these first. Nothing was changed",
            facts={"limit_id": min(others)},
        )
