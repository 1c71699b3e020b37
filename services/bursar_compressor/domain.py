"""The rules of compression: in what order methods are tried, and what holds of them all.

Never longer in tokens than the input, deterministic, what is protected stays as it is, and
compressing twice changes nothing: a method's result is taken only when it is shorter and keeps what
it must, the plain methods go round until none changes anything, and what is coded already, or
points at an original, is not compressed beyond that. A method that fails leaves its place to the
next safer one, and the changes say so. Pure: counting is a function that is passed in, and so is
what stands between a method and its failing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bursar_compressor import smart_truncation
from bursar_compressor.around_protected import truncate_around
from bursar_compressor.detection import Kind, detect
from bursar_compressor.markers import is_coded, points_at_an_original
from bursar_compressor.parts import Part
from bursar_compressor.protection import are_kept
from bursar_compressor.registry import PLAIN, SELF_CONTAINED, Level, beyond_plain
from bursar_compressor.rewriting import Count, Extra, Method, Options, Rewritten

ROUNDS_MAX = 16

Attempt = Callable[[Method, str, Options], Rewritten]
"""Runs a method. What bounds its time gives back the text unchanged, with the hindrance."""

_Methods = dict[Kind, tuple[Method, ...]]


def directly(method: Method, content: str, options: Options) -> Rewritten:
    """Runs it with nothing between: what it raises is raised."""
    return method.rewrite(content, options)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be compressed, and how. `kind` None: found out by content; 0 tokens: no target.

    reference: what will restore `content`, should anything of it be left out. protected: texts of
    `content` that must stay, in their order.
    """

    content: str
    kind: Kind | None = None
    level: Level = Level.PLAIN
    target_tokens: int = 0
    query: str = ""
    reference: str = ""
    protected: tuple[str, ...] = ()
    extras: frozenset[Extra] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """What one method did. `is_lossless` is False when the original has to be kept elsewhere;
    `elided` are the parts of it that are no longer in the text, as far as they are known.
    """

    method: str
    tokens_before: int
    tokens_after: int
    summary: str
    is_lossless: bool = True
    elided: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Compressed:
    """The result: `tokens_after` counts `content`."""

    content: str
    kind: Kind
    tokens_before: int
    tokens_after: int
    changes: tuple[Change, ...]

    @property
    def needs_original(self) -> bool:
        """Whether something was left out that the order's reference has to restore."""
        return any(not change.is_lossless for change in self.changes)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the rules stand on: how tokens are counted, and how methods are run."""

    count: Count
    attempt: Attempt = directly


def compress(order: Order, ground: Ground) -> Compressed:
    """The safest form that meets the target; without a target the shortest that the level allows.

    Raises InvalidRequest with `least_tokens` when the target cannot be reached.
    """
    compressed = _plain(order, ground)
    if not points_at_an_original(order.content):
        compressed = _beyond_plain(order, compressed, ground)
    if _meets(order, compressed):
        return compressed
    if order.level in (Level.PLAIN, Level.LOSSLESS):
        raise smart_truncation.unreachable(order.target_tokens, compressed.tokens_after)
    return _truncated(order, ground)


def _plain(order: Order, ground: Ground) -> Compressed:
    if is_coded(order.content):
        tokens = ground.count(order.content)
        return Compressed(order.content, order.kind or detect(order.content), tokens, tokens, ())
    return _until_nothing_changes(order, PLAIN, ground)


def _beyond_plain(order: Order, plain: Compressed, ground: Ground) -> Compressed:
    best, notes = plain, tuple[Change, ...]()
    for method in beyond_plain(plain.kind, order.level):
        if order.target_tokens and best.tokens_after <= order.target_tokens:
            break
        candidate = _tried(method, order, plain, ground)
        if candidate.content == order.content:
            notes += candidate.changes
        elif candidate.tokens_after < best.tokens_after:
            best = candidate
    return replace(best, changes=(*notes, *best.changes))


def _tried(method: Method, order: Order, plain: Compressed, ground: Ground) -> Compressed:
    """The original by one method, then by the plain ones; unchanged, with a note, where the method
    did nothing or may not do what it did.
    """
    tokens = plain.tokens_before
    whole = Compressed(order.content, plain.kind, tokens, tokens, ())
    rewritten = ground.attempt(method, order.content, _options(order, plain.kind, ground))
    if rewritten.content == order.content:
        return _with_note(whole, method.name, rewritten.hindrance)
    if not are_kept(order.protected, rewritten.content):
        return _with_note(whole, method.name, "not used: it would change what is protected")
    if rewritten.elided and not order.reference:
        return _with_note(whole, method.name, "not used: the original cannot be kept")
    shortened = _after(order, rewritten.content, ground)
    change = Change(
        method.name,
        tokens,
        shortened.tokens_before,
        rewritten.summary,
        is_lossless=not rewritten.elided,
        elided=rewritten.elided,
    )
    return replace(
        shortened, kind=plain.kind, tokens_before=tokens, changes=(change, *shortened.changes)
    )


def _truncated(order: Order, ground: Ground) -> Compressed:
    whole = _until_nothing_changes(order, SELF_CONTAINED, ground)
    kind = order.kind or detect(whole.content)
    cut = smart_truncation.Cut(kind, order.target_tokens, order.reference, order.query)
    content = truncate_around(whole.content, order.protected, cut, ground.count)
    shortened = _after(order, content, ground)
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


def _after(order: Order, content: str, ground: Ground) -> Compressed:
    """What the plain methods make of another's result: it is then what a second pass leaves."""
    return _plain(replace(order, content=content), ground)


def _meets(order: Order, compressed: Compressed) -> bool:
    return not order.target_tokens or compressed.tokens_after <= order.target_tokens


def _options(order: Order, kind: Kind, ground: Ground) -> Options:
    return Options(
        kind, order.reference, ground.count, order.query, order.target_tokens, order.extras
    )


def _until_nothing_changes(order: Order, methods: _Methods, ground: Ground) -> Compressed:
    """Round after round, so that the result is one that no further round would change."""
    tokens = ground.count(order.content)
    first_kind = order.kind or detect(order.content)
    compressed = Compressed(order.content, first_kind, tokens, tokens, ())
    for _ in range(ROUNDS_MAX):
        before = compressed
        kind = order.kind or detect(compressed.content)
        for method in methods.get(kind, ()):
            compressed = _applied(method, order, replace(compressed, kind=kind), ground)
        compressed = replace(compressed, kind=first_kind)
        if compressed.content == before.content:
            return compressed
    # No end in sight: left as it was.
    return Compressed(order.content, first_kind, tokens, tokens, ())


def _applied(method: Method, order: Order, text: Compressed, ground: Ground) -> Compressed:
    rewritten = ground.attempt(method, text.content, _options(order, text.kind, ground))
    if rewritten.content == text.content:
        return _with_note(text, method.name, rewritten.hindrance)
    if not are_kept(order.protected, rewritten.content):
        return _with_note(text, method.name, "not used: it would change what is protected")
    tokens = ground.count(rewritten.content)
    if tokens >= text.tokens_after:
        return text  # not shorter: the text before it goes on
    change = Change(method.name, text.tokens_after, tokens, rewritten.summary)
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
