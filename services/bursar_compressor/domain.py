"""The rules of compression: which methods apply to a text, in what order, and what holds of them
all.

Never longer in tokens than the input, deterministic, and compressing twice changes nothing: a
method's result is kept only when it is shorter, and the methods go round until none changes
anything. Pure: counting is a function that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from bursar_compressor import (
    json_minify,
    repeated_blocks,
    repeated_lines,
    smart_truncation,
    whitespace,
)
from bursar_compressor.detection import Kind, detect
from bursar_compressor.rewriting import Rewritten

ROUNDS_MAX = 16

Count = Callable[[str], int]
Method = tuple[str, Callable[[str], Rewritten]]


class Level(Enum):
    """How far compression may go."""

    PLAIN = "plain"  # lossless, and read by any model as the original is
    SAFE = "safe"  # information may leave the text, never silently, always restorable
    AGGRESSIVE = "aggressive"  # down to a target


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be compressed, and how. `kind` None: found out by content; 0 tokens: no target."""

    content: str
    kind: Kind | None = None
    level: Level = Level.PLAIN
    target_tokens: int = 0
    query: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What one method did. `is_lossless` is False when the original has to be kept elsewhere."""

    method: str
    tokens_before: int
    tokens_after: int
    summary: str
    is_lossless: bool = True


@dataclass(frozen=True, slots=True)
class Compressed:
    """The result: `tokens_after` counts `content`."""

    content: str
    kind: Kind
    tokens_before: int
    tokens_after: int
    changes: tuple[Change, ...]


# Methods whose result needs nothing that stands elsewhere in the text: it may still be cut.
_SELF_CONTAINED: dict[Kind, tuple[Method, ...]] = {
    Kind.PROSE: (
        (whitespace.METHOD, lambda text: whitespace.rewrite(text, Kind.PROSE)),
        (repeated_lines.METHOD, repeated_lines.rewrite),
    ),
    Kind.CODE: ((whitespace.METHOD, lambda text: whitespace.rewrite(text, Kind.CODE)),),
    Kind.LOG: (
        (whitespace.METHOD, lambda text: whitespace.rewrite(text, Kind.LOG)),
        (repeated_lines.METHOD, repeated_lines.rewrite),
    ),
    Kind.JSON: ((json_minify.METHOD, json_minify.rewrite),),
}
# A pointer inside code or JSON would no longer parse.
_REPEATED_BLOCK: Method = (repeated_blocks.METHOD, repeated_blocks.rewrite)
_PLAIN: dict[Kind, tuple[Method, ...]] = {
    Kind.PROSE: (*_SELF_CONTAINED[Kind.PROSE], _REPEATED_BLOCK),
    Kind.CODE: _SELF_CONTAINED[Kind.CODE],
    Kind.LOG: (*_SELF_CONTAINED[Kind.LOG], _REPEATED_BLOCK),
    Kind.JSON: _SELF_CONTAINED[Kind.JSON],
}


def compress_plain(order: Order, count: Count) -> Compressed:
    """By lossless methods alone. The target is not looked at."""
    return _until_nothing_changes(order.content, order.kind, _PLAIN, count)


def needs_truncation(order: Order, plain: Compressed) -> bool:
    """Whether lossless methods fell short of the target.

    Raises InvalidRequest with `least_tokens` when the level allows no others.
    """
    if not order.target_tokens or plain.tokens_after <= order.target_tokens:
        return False
    if order.level is Level.PLAIN:
        raise smart_truncation.unreachable(order.target_tokens, plain.tokens_after)
    return True


def compress_to_target(order: Order, reference: str, count: Count) -> Compressed:
    """Down to `order.target_tokens`; `reference` restores the original, and is kept already.

    Raises InvalidRequest with `least_tokens` when the target cannot be reached.
    """
    whole = _until_nothing_changes(order.content, order.kind, _SELF_CONTAINED, count)
    kind = order.kind or detect(whole.content)
    cut = smart_truncation.Cut(kind, order.target_tokens, reference, order.query)
    content = smart_truncation.truncate(whole.content, cut, count)
    shortened = _until_nothing_changes(content, order.kind, _PLAIN, count)
    truncation = Change(
        smart_truncation.METHOD,
        whole.tokens_after,
        shortened.tokens_before,
        f"the middle of {kind.value}, but for an extract",
        is_lossless=False,
    )
    return replace(
        shortened,
        kind=whole.kind,
        tokens_before=whole.tokens_before,
        changes=(*whole.changes, truncation, *shortened.changes),
    )


def _until_nothing_changes(
    content: str, kind: Kind | None, methods: dict[Kind, tuple[Method, ...]], count: Count
) -> Compressed:
    """Round after round, so that the result is one that no further round would change."""
    tokens = count(content)
    first_kind = kind or detect(content)
    compressed = Compressed(content, first_kind, tokens, tokens, ())
    for _ in range(ROUNDS_MAX):
        before = compressed
        for method in methods[kind or detect(compressed.content)]:
            compressed = _applied(method, compressed, count)
        if compressed.content == before.content:
            return compressed
    return Compressed(content, first_kind, tokens, tokens, ())  # no end in sight: left as it was


def _applied(method: Method, text: Compressed, count: Count) -> Compressed:
    name, rewrite = method
    rewritten = rewrite(text.content)
    if rewritten.content == text.content:
        return _with_note(text, name, rewritten.hindrance)
    tokens = count(rewritten.content)
    if tokens >= text.tokens_after:
        return text  # not shorter: the text before it goes on
    change = Change(name, text.tokens_after, tokens, rewritten.summary)
    return replace(
        text,
        content=rewritten.content,
        tokens_after=tokens,
        changes=(*text.changes, change),
    )


def _with_note(text: Compressed, method: str, why: str) -> Compressed:
    """Says once that a method applied and could not do its work."""
    note = Change(method, text.tokens_after, text.tokens_after, why)
    if not why or note in text.changes:
        return text
    return replace(text, changes=(*text.changes, note))
