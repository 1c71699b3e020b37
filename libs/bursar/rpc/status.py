"""The one table between Bursar's errors and gRPC status with rich details, both ways.

Details follow google.rpc.error_details: ErrorInfo always, BadRequest for invalid fields,
QuotaFailure for limits, RetryInfo where waiting helps, PreconditionFailure where a state has to
change first. Source: AIP-193 and googleapis/google/rpc/error_details.proto.
"""

from __future__ import annotations

from typing import cast

import grpc
from google.protobuf import any_pb2, duration_pb2, message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from bursar.errors import BursarError, DeadlineExceeded, Internal, Kind, Unavailable, Violation
from bursar.errors import by_reason as error_classes_by_reason

DOMAIN = "bursar"
_NANOSECONDS_PER_SECOND = 1_000_000_000

CODES: dict[Kind, grpc.StatusCode] = {
    Kind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.MISSING: grpc.StatusCode.NOT_FOUND,
    Kind.CONFLICT: grpc.StatusCode.ABORTED,
    Kind.EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Kind.LATE: grpc.StatusCode.DEADLINE_EXCEEDED,
    Kind.UNKNOWN_CALLER: grpc.StatusCode.UNAUTHENTICATED,
    Kind.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    Kind.NOT_NOW: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.BROKEN_LOG: grpc.StatusCode.DATA_LOSS,
    Kind.UNIMPLEMENTED: grpc.StatusCode.UNIMPLEMENTED,
    Kind.INTERNAL: grpc.StatusCode.INTERNAL,
}
_CLASS_WITHOUT_DETAILS: dict[grpc.StatusCode, type[BursarError]] = {
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    # We cancelled nothing: the other side's clock said first that the deadline had passed.
    grpc.StatusCode.CANCELLED: DeadlineExceeded,
}


def to_status(error: BursarError) -> grpc.Status:
    """What goes over the wire for `error`."""
    return rpc_status.to_status(status_message(error))


def status_message(error: BursarError) -> status_pb2.Status:
    """The same as a message, for errors inside an answer."""
    info = error_details_pb2.ErrorInfo(
        reason=error.reason,
        domain=DOMAIN,
        metadata={name: str(value) for name, value in error.facts.items()},
    )
    return status_pb2.Status(
        code=CODES[error.kind].value[0],
        message=error.message,
        details=[_packed(detail) for detail in (info, *_further_details(error))],
    )


def _further_details(error: BursarError) -> list[message.Message]:
    details: list[message.Message] = []
    if error.violations:
        details.append(
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(
                        field=violation.field,
                        description=f"{violation.value!r}: {violation.remedy}",
                        reason=violation.remedy,
                    )
                    for violation in error.violations
                ]
            )
        )
    if error.kind is Kind.EXHAUSTED:
        subject = str(error.facts.get("limit_id", ""))
        failure = error_details_pb2.QuotaFailure.Violation(
            subject=subject, description=error.message
        )
        details.append(error_details_pb2.QuotaFailure(violations=[failure]))
    if error.kind is Kind.NOT_NOW:
        unmet = error_details_pb2.PreconditionFailure.Violation(
            type=error.reason, description=error.message
        )
        details.append(error_details_pb2.PreconditionFailure(violations=[unmet]))
    if error.retry_after_ns is not None:
        seconds, nanos = divmod(error.retry_after_ns, _NANOSECONDS_PER_SECOND)
        delay = duration_pb2.Duration(seconds=seconds, nanos=nanos)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return details


def _packed(detail: message.Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def from_rpc_error(error: grpc.aio.AioRpcError) -> BursarError:
    """The error that was raised on the other side, as the same class with the same facts.

    An answer that carries no details of ours becomes the class its status code stands for.
    """
    try:
        status = rpc_status.from_call(cast(grpc.Call, error))
    except ValueError:
        status = None
    if status is None:
        fallback = _CLASS_WITHOUT_DETAILS.get(error.code(), _by_code(error.code()))
        return fallback(error.details() or error.code().name)
    return _from_details(status, error.code())


def from_status_message(status: status_pb2.Status) -> BursarError:
    """The error that `status_message` was made of."""
    codes = {code.value[0]: code for code in grpc.StatusCode}
    return _from_details(status, codes.get(status.code, grpc.StatusCode.INTERNAL))


def _by_code(code: grpc.StatusCode) -> type[BursarError]:
    kind = next((kind for kind, known in CODES.items() if known is code), Kind.INTERNAL)
    classes = [found for found in error_classes_by_reason().values() if found.kind is kind]
    return classes[0] if classes else Internal


def _from_details(status: status_pb2.Status, code: grpc.StatusCode) -> BursarError:
    info = error_details_pb2.ErrorInfo()
    bad_request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    retry_after_ns: int | None = None
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad_request)
        if detail.Unpack(retry):
            delay = retry.retry_delay
            retry_after_ns = delay.seconds * _NANOSECONDS_PER_SECOND + delay.nanos
    error_class = error_classes_by_reason().get(info.reason, _by_code(code))
    return error_class(
        status.message,
        facts={name: _whole_number_or_text(text) for name, text in info.metadata.items()},
        violations=tuple(_violation(found) for found in bad_request.field_violations),
        retry_after_ns=retry_after_ns,
    )


def _violation(found: error_details_pb2.BadRequest.FieldViolation) -> Violation:
    value = found.description.removesuffix(f": {found.reason}").strip("'\"")
    return Violation(found.field, value, found.reason)


def _whole_number_or_text(text: str) -> str | int:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() else text
