"""Orders of the domain as they would have come: for examples that write them by hand."""

from __future__ import annotations

from msgspec.structs import replace

from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.commands import (
    Command,
    Dispatch,
    Extend,
    Operation,
    RecordUsage,
    Release,
    Reserve,
    Settle,
    SettlePartly,
    TopUp,
)
from bursar_quota.messages import write_amounts, write_attribution, write_target


def as_it_came(command: Command) -> Command:
    """The order with the content that the log keeps of it, unless it has some already."""
    if not isinstance(command, Operation) or command.content:
        return command
    match command:
        case Reserve():
            request = quota_pb2.ReserveRequest(
                lease_ns=command.lease_ns, is_dispatched=command.is_dispatched
            )
            write_amounts(command.amounts, request.amounts)
        case TopUp():
            request = quota_pb2.TopUpRequest()
            write_amounts(command.amounts, request.amounts)
        case Extend():
            request = quota_pb2.ExtendRequest(lease_ns=command.lease_ns)
        case Settle() | SettlePartly() | RecordUsage():
            kind = quota_pb2.SettleRequest
            if isinstance(command, RecordUsage):
                kind = quota_pb2.RecordUsageRequest
            used = command.used
            request = kind(
                usage=ledger_pb2.TokenUsage(
                    input_tokens=used.input_tokens, output_tokens=used.output_tokens
                ),
                cost=ledger_pb2.Cost(total_nano_usd=used.cost_nano_usd),
                requests=used.requests,
            )
        case Dispatch():
            request = quota_pb2.DispatchRequest()
        case Release():
            request = quota_pb2.ReleaseRequest(reason=command.reason)
        case _:
            return command
    if isinstance(command, Reserve | RecordUsage):
        write_attribution(command.attribution, request.attribution)
        request.attribution.call_id = command.origin.call_id
        request.attribution.cause_id = command.origin.cause_id
        write_target(command.target, request.target)
    else:
        request.reservation_id = command.reservation_id
    request.operation_id = command.stamp.operation_id
    return replace(command, content=request.SerializeToString())
