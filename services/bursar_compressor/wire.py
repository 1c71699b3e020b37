"""Compression's words to and from the contract's."""

from __future__ import annotations

from bursar.compressor.v1 import compressor_pb2 as contract
from bursar.errors import InvalidRequest
from bursar.events.v1 import compression_pb2
from bursar_compressor.detection import Kind
from bursar_compressor.domain import Change, Compressed, Order
from bursar_compressor.markers import points_at_an_original
from bursar_compressor.protection import Span, texts_of
from bursar_compressor.registry import Level
from bursar_compressor.restore_tool import TOOL
from bursar_compressor.rewriting import Extra

CONTENT_BYTES_MAX = 16 * 1024 * 1024
UTF8_BYTES_MAX = 4  # of one character
ELIDED_MAX = 1_000
EVENT_CHANGES_MAX = 32  # an event holds at most 16 KiB

_LEVELS: dict[int, Level] = {
    contract.LEVEL_UNSPECIFIED: Level.SAFE,
    contract.LEVEL_PLAIN: Level.PLAIN,
    contract.LEVEL_LOSSLESS: Level.LOSSLESS,
    contract.LEVEL_SAFE: Level.SAFE,
    contract.LEVEL_AGGRESSIVE: Level.AGGRESSIVE,
}
KIND_NUMBERS: dict[Kind, contract.ContentKind.ValueType] = {
    kind: contract.ContentKind.Value(f"CONTENT_KIND_{kind.name}") for kind in Kind
}
_EXTRAS: dict[int, Extra] = {contract.Extra.Value(f"EXTRA_{extra.name}"): extra for extra in Extra}
_KINDS: dict[int, Kind] = {number: kind for kind, number in KIND_NUMBERS.items()}


def order_of(request: contract.CompressRequest, content: str) -> Order:
    """What the request orders to be done with `content`. Raises InvalidRequest for what cannot be
    done.
    """
    level = level_of(request.level)
    kind = _KINDS.get(request.kind)
    if kind is None and request.kind != contract.CONTENT_KIND_UNSPECIFIED:
        names = ", ".join(kind.value for kind in Kind)
        raise InvalidRequest.of("kind", request.kind, f"use {names} or leave it out")
    if request.target_tokens < 0:
        remedy = "give the tokens to reach, or 0 for no target"
        raise InvalidRequest.of("target_tokens", request.target_tokens, remedy)
    spans = [Span(span.begin_byte, span.end_byte) for span in request.protected]
    protected = texts_of(content, spans) if spans else ()
    return Order(
        content,
        kind,
        level,
        request.target_tokens,
        request.query,
        protected=protected,
        extras=_extras_of(request),
    )


def level_of(number: int) -> Level:
    """Raises InvalidRequest for a level that is none; safe where none is named."""
    level = _LEVELS.get(number)
    if level is None:
        raise InvalidRequest.of("level", number, "use plain, lossless, safe or aggressive")
    return level


def _extras_of(request: contract.CompressRequest) -> frozenset[Extra]:
    unknown = [number for number in request.extras if number not in _EXTRAS]
    if unknown:
        names = ", ".join(extra.value for extra in Extra)
        raise InvalidRequest.of("extras", unknown[0], f"use {names}")
    return frozenset(_EXTRAS[number] for number in request.extras)


def content_of(request: contract.CompressRequest) -> str | bytes:
    """The text; bytes where they are none."""
    if not request.content_bytes:
        return request.content  # a copy with each reading
    try:
        return request.content_bytes.decode()
    except UnicodeDecodeError:
        return request.content_bytes


def is_too_large(content: str) -> bool:
    """Whether it has more than 16 MiB of UTF-8."""
    if content.isascii() or len(content) > CONTENT_BYTES_MAX:
        return len(content) > CONTENT_BYTES_MAX
    if len(content) * UTF8_BYTES_MAX <= CONTENT_BYTES_MAX:
        return False
    return len(content.encode("utf-8", "surrogatepass")) > CONTENT_BYTES_MAX


def check_size(content: str) -> None:
    """Raises InvalidRequest above 16 MiB of UTF-8."""
    if is_too_large(content):
        remedy = f"send at most {CONTENT_BYTES_MAX} bytes at once; split the text"
        raise InvalidRequest.of("content", f"{len(content)} characters", remedy)


def left_alone(content: str | bytes, tokens: int) -> contract.CompressResponse:
    """The answer that compresses nothing, and says why. `tokens` is an estimate."""
    why = "left as it is: more than 16 MiB"
    if isinstance(content, bytes):
        why = "left as it is: not UTF-8"
    response = contract.CompressResponse(
        tokens_before=tokens,
        tokens_after=tokens,
        is_estimate=True,
        changes=[
            contract.Change(method="none", tokens_before=tokens, tokens_after=tokens, summary=why)
        ],
    )
    if isinstance(content, bytes):
        response.content_bytes = content
    else:
        response.content = content
    return response


def response_of(
    compressed: Compressed, is_estimate: bool, reference: str
) -> contract.CompressResponse:
    """The answer; it carries the tool that restores when something is left out."""
    return contract.CompressResponse(
        content=compressed.content,
        tokens_before=compressed.tokens_before,
        tokens_after=compressed.tokens_after,
        is_estimate=is_estimate,
        kind=KIND_NUMBERS[compressed.kind],
        changes=[change_message(change, reference) for change in compressed.changes],
        restore_tool=TOOL if points_at_an_original(compressed.content) else None,
    )


def change_message(change: Change, reference: str) -> contract.Change:
    """One change; what was lossy carries the reference that restores the original."""
    return contract.Change(
        method=change.method,
        tokens_before=change.tokens_before,
        tokens_after=change.tokens_after,
        summary=change.summary,
        reference="" if change.is_lossless else reference,
        elided_parts=len(change.elided),
        elided=map(str, change.elided[:ELIDED_MAX]),
    )


def applied_event(
    request: contract.CompressRequest, response: contract.CompressResponse, duration_ns: int
) -> bytes:
    """The payload of `compression.applied`: figures and methods, nothing of the text."""
    changes = [contract.Change() for _ in response.changes]
    for kept, change in zip(changes, response.changes, strict=True):
        kept.CopyFrom(change)
        kept.ClearField("elided")
    return compression_pb2.CompressionApplied(
        attribution=request.attribution,
        content_kind=response.kind,
        level=request.level or contract.LEVEL_SAFE,
        model=request.model,
        tokens_before=response.tokens_before,
        tokens_after=response.tokens_after,
        is_estimate=response.is_estimate,
        changes=changes[:EVENT_CHANGES_MAX],
        duration_ns=duration_ns,
    ).SerializeToString()
