"""Spans of a text that must stay as they are, byte by byte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bursar.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `begin` to `end` of the text's UTF-8; `end` no longer belongs to it."""

    begin: int
    end: int


def texts_of(content: str, spans: Iterable[Span]) -> tuple[str, ...]:
    """What stands in `spans`, in order.

    Raises InvalidRequest for spans that overlap, are empty, lie outside or cut a character.
    """
    source = content.encode("utf-8", "surrogatepass")
    found: list[str] = []
    at = 0
    for span in sorted(spans, key=lambda span: span.begin):
        if not at <= span.begin < span.end <= len(source):
            remedy = f"give spans that are not empty, apart, and within {len(source)} bytes"
            raise InvalidRequest.of("protected", f"{span.begin} to {span.end}", remedy)
        try:
            found.append(source[span.begin : span.end].decode())
        except UnicodeDecodeError:
            remedy = "let it begin and end between characters"
            raise InvalidRequest.of("protected", f"{span.begin} to {span.end}", remedy) from None
        at = span.end
    return tuple(found)


def are_kept(protected: tuple[str, ...], content: str) -> bool:
    """Whether all of them stand in `content`, one after the other."""
    at = 0
    for text in protected:
        at = content.find(text, at)
        if at < 0:
            return False
        at += len(text)
    return True
