"""A text cut down to a number of tokens: its beginning, its end, and an extract of the middle.

Levels safe and aggressive. 40 % of the target for the beginning, 40 % for the end, the rest for the
extract and for the marker that says what went, and where the whole text is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bursar.errors import InvalidRequest
from bursar_compressor.boundaries import longest_head, longest_tail
from bursar_compressor.detection import Kind
from bursar_compressor.extract import extract
from bursar_compressor.markers import END_OF_EXTRACT, LeftOut, left_out
from bursar_compressor.severity import is_severe

METHOD = "smart_truncation"
HEAD_PCT = 40
TAIL_PCT = 40
TRIES_MAX = 8

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Cut:
    """What a text is to be cut down to. `reference` restores the whole of it."""

    kind: Kind
    target_tokens: int
    reference: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class _Pieces:
    head: str
    extract: list[str]
    tail: str
    first_char: int
    end_char: int


def truncate(text: str, cut: Cut, count: Count) -> str:
    """At most `cut.target_tokens`, by `count` of the whole.

    Raises InvalidRequest with `least_tokens` when not even the marker fits.
    """
    tokens = count(text)
    bare = _bare(text, cut, tokens)
    bare_tokens = count(bare)
    if bare_tokens > cut.target_tokens:
        raise unreachable(cut.target_tokens, min(tokens, bare_tokens))
    spare_tokens = count(left_out(_all_of(text, cut, tokens), True) + END_OF_EXTRACT) + 4
    for _ in range(TRIES_MAX):
        if spare_tokens >= cut.target_tokens:
            break
        pieces = _pieces(text, cut, spare_tokens, count)
        kept_tokens = count(pieces.head) + count(pieces.tail) + sum(map(count, pieces.extract))
        shortened = _assembled(text, pieces, cut, max(0, tokens - kept_tokens))
        excess_tokens = count(shortened) - cut.target_tokens
        if excess_tokens <= 0:
            return shortened
        spare_tokens += excess_tokens
    return bare


def least_tokens(text: str, cut: Cut, count: Count) -> int:
    """What `truncate` can come down to: the marker alone, or a text that is shorter than that."""
    tokens = count(text)
    return min(tokens, count(_bare(text, cut, tokens)))


def unreachable(target_tokens: int, least_tokens: int) -> InvalidRequest:
    """The error for a target below what can be reached."""
    error = InvalidRequest.of(
        "target_tokens", target_tokens, f"the least that can be reached is {least_tokens} tokens"
    )
    error.facts["least_tokens"] = least_tokens
    return error


def _bare(text: str, cut: Cut, tokens: int) -> str:
    return _assembled(text, _Pieces("", [], "", 0, len(text)), cut, tokens)


def _pieces(text: str, cut: Cut, spare_tokens: int, count: Count) -> _Pieces:
    room_tokens = cut.target_tokens - spare_tokens
    head_tokens = min(cut.target_tokens * HEAD_PCT // 100, room_tokens // 2)
    tail_tokens = min(cut.target_tokens * TAIL_PCT // 100, room_tokens // 2)
    guess_chars = 4 * max(head_tokens, tail_tokens)
    begin = longest_head(text, cut.kind, lambda head: count(head) <= head_tokens, guess_chars)
    rest = text[begin:]
    end = begin + longest_tail(rest, cut.kind, lambda tail: count(tail) <= tail_tokens, guess_chars)
    head, tail = text[:begin], text[end:]
    middle_tokens = room_tokens - count(head) - count(tail)
    extracted = extract(text[begin:end], cut.kind, cut.query, middle_tokens, count)
    return _Pieces(head, extracted, tail, begin, end)


def _assembled(text: str, pieces: _Pieces, cut: Cut, left_out_tokens: int) -> str:
    went = _what_went(text, pieces, cut, left_out_tokens)
    parts = [pieces.head]
    if pieces.head and not pieces.head.endswith("\n"):
        parts.append("\n")
    parts += (left_out(went, bool(pieces.extract)), "\n")
    if pieces.extract:
        parts += ("\n".join(pieces.extract), "\n", END_OF_EXTRACT, "\n")
    parts.append(pieces.tail)
    return "".join(parts)


def _what_went(text: str, pieces: _Pieces, cut: Cut, tokens: int) -> LeftOut:
    middle = text[pieces.first_char : pieces.end_char]
    first_line = text.count("\n", 0, pieces.first_char) + 1
    severe_lines = severe_lines_kept = 0
    if cut.kind is Kind.LOG:
        severe_lines = sum(map(is_severe, middle.split("\n")))
        severe_lines_kept = sum(map(is_severe, pieces.extract))
    return LeftOut(
        tokens=tokens,
        first_line=first_line,
        last_line=first_line + middle.rstrip("\n").count("\n"),
        severe_lines=max(0, severe_lines - severe_lines_kept),
        reference=cut.reference,
    )


def _all_of(text: str, cut: Cut, tokens: int) -> LeftOut:
    return _what_went(text, _Pieces("", [], "", 0, len(text)), cut, tokens)
