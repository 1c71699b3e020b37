"""`decide`: which rule answers which order, and that the same order twice happens once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bursar.eventlog.decider import Decision
from bursar_quota.domain.adjusting import adjust
from bursar_quota.domain.alerts import raise_alerts
from bursar_quota.domain.commands import (
    Adjust,
    Command,
    CountLimit,
    DeleteLimit,
    Dispatch,
    ExpireDue,
    Extend,
    MoveHorizon,
    Operation,
    PutLimit,
    RaiseAlerts,
    RecordUsage,
    Release,
    Reserve,
    Settle,
    SettlePartly,
    TopUp,
)
from bursar_quota.domain.counting import count_limit
from bursar_quota.domain.decision import Decided
from bursar_quota.domain.expiry import expire_due, move_horizon
from bursar_quota.domain.holds import dispatch, release, reserve, settle
from bursar_quota.domain.limit_changes import delete_limit, put_limit
from bursar_quota.domain.long_holds import extend, settle_partly, top_up
from bursar_quota.domain.operations import recalled, refuse_ids_out_of_time
from bursar_quota.domain.recording import record_usage
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now


def decide(state: State, command: Command, now: Now) -> Decided:
    """What `command` causes and answers. Changes nothing.

    The same order again gives the same answer, refusals too, and causes nothing.
    """
    if isinstance(command, Operation):
        answer = recalled(state, command)
        if answer is not None:
            return Decision((), answer)
        refuse_ids_out_of_time(command.stamp.operation_id, now)
    return _DECIDE[type(command)](state, command, now)


# Any: each rule takes its own kind of order, which the key says.
_DECIDE: dict[type, Callable[[State, Any, Now], Decided]] = {
    Reserve: reserve,
    Dispatch: dispatch,
    TopUp: top_up,
    Extend: extend,
    SettlePartly: settle_partly,
    Settle: settle,
    Release: release,
    RecordUsage: record_usage,
    Adjust: adjust,
    PutLimit: put_limit,
    DeleteLimit: delete_limit,
    CountLimit: count_limit,
    RaiseAlerts: raise_alerts,
    ExpireDue: expire_due,
    MoveHorizon: move_horizon,
}
