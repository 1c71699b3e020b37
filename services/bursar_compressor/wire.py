"""Compression's words to and from the contract's."""

from __future__ import annotations

from bursar.compressor.v1 import compressor_pb2 as contract
from bursar.errors import InvalidRequest
from bursar.events.v1 import compression_pb2
from bursar_compressor.detection import Kind
from bursar_compressor.domain import Change, Level, Order

CONTENT_BYTES_MAX = 16 * 1024 * 1024
UTF8_BYTES_MAX = 4  # of one character

_LEVELS: dict[int, Level] = {
    contract.LEVEL_UNSPECIFIED: Level.SAFE,
    contract.LEVEL_PLAIN: Level.PLAIN,
    contract.LEVEL_SAFE: Level.SAFE,
    contract.LEVEL_AGGRESSIVE: Level.AGGRESSIVE,
}
_LEVEL_NUMBERS = {
    Level.PLAIN: contract.LEVEL_PLAIN,
    Level.SAFE: contract.LEVEL_SAFE,
    Level.AGGRESSIVE: contract.LEVEL_AGGRESSIVE,
}
KIND_NUMBERS: dict[Kind, contract.ContentKind.ValueType] = {
    Kind.PROSE: contract.CONTENT_KIND_PROSE,
    Kind.CODE: contract.CONTENT_KIND_CODE,
    Kind.LOG: contract.CONTENT_KIND_LOG,
    Kind.JSON: contract.CONTENT_KIND_JSON,
}
_KINDS: dict[int, Kind] = {number: kind for kind, number in KIND_NUMBERS.items()}


def order_of(request: contract.CompressRequest) -> Order:
    """What the request orders. Raises InvalidRequest for what cannot be done."""
    content = request.content  # read once: each reading makes a copy
    check_size(content)
    level = _LEVELS.get(request.level)
    if level is None:
        raise InvalidRequest.of("level", request.level, "use plain, safe or aggressive")
    kind = _KINDS.get(request.kind)
    if kind is None and request.kind != contract.CONTENT_KIND_UNSPECIFIED:
        raise InvalidRequest.of("kind", request.kind, "use prose, code, log, json or leave it out")
    if request.target_tokens < 0:
        remedy = "give the tokens to reach, or 0 for no target"
        raise InvalidRequest.of("target_tokens", request.target_tokens, remedy)
    return Order(content, kind, level, request.target_tokens, request.query)


def check_size(content: str) -> None:
    """Raises InvalidRequest above 16 MiB of UTF-8."""
    if len(content) * UTF8_BYTES_MAX <= CONTENT_BYTES_MAX:
        return
    size_bytes = len(content) if content.isascii() else len(content.encode())
    if size_bytes > CONTENT_BYTES_MAX:
        remedy = f"send at most {CONTENT_BYTES_MAX} bytes at once; split the text"
        raise InvalidRequest.of("content", f"{size_bytes} bytes", remedy)


def change_message(change: Change, reference: str) -> contract.Change:
    """One change; what was lossy carries the reference that restores the original."""
    return contract.Change(
        method=change.method,
        tokens_before=change.tokens_before,
        tokens_after=change.tokens_after,
        summary=change.summary,
        reference="" if change.is_lossless else reference,
    )


def applied_event(
    request: contract.CompressRequest, response: contract.CompressResponse, duration_ns: int
) -> bytes:
    """The payload of `compression.applied`: figures and methods, nothing of the text."""
    level = _LEVELS[request.level]
    return compression_pb2.CompressionApplied(
        attribution=request.attribution,
        content_kind=response.kind,
        level=_LEVEL_NUMBERS[level],
        model=request.model,
        tokens_before=response.tokens_before,
        tokens_after=response.tokens_after,
        is_estimate=response.is_estimate,
        changes=response.changes,
        duration_ns=duration_ns,
    ).SerializeToString()
