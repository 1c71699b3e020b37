"""Documents and sounds inside requests, whose tokens follow from no published formula.

A page of a PDF costs its text (Anthropic's page "PDF support": 1,500 to 3,000 tokens) and itself as
an image. Pages are counted by their marks; where a PDF packs these away, by its size. A sound costs
about ten tokens a second (OpenAI's Realtime guide). All of it is an estimate, and its bound is one
for usual files: a provider never takes more than the model's context window, which a caller may use
as the bound of bounds.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error

from bursar.tokens.counts import PartTokens

PAGE_TEXT_TOKENS, PAGE_TEXT_TOKENS_MAX = 2_250, 3_000
PAGE_BYTES_TYPICAL = 50_000
PAGE_SIZE = (1224, 1584)  # US letter at 144 dots an inch
PAGES_MAX = 100
# Larger files are not searched for page marks: decoding would hold up the caller.
SEARCHED_CHARACTERS_MAX = 8 * 1024 * 1024
SOUND_CHARACTERS_PER_TOKEN, SOUND_CHARACTERS_PER_TOKEN_MIN = 2_048, 256

_PAGE_MARK = rb"/Type\s*/Page(?![a-zA-Z])"


def pdf(data: str, page: PartTokens) -> PartTokens:
    """A PDF given in base64, or by an address when `data` is empty; `page` is one page's image."""
    pages, pages_max = _pages(data)
    return PartTokens(
        pages * (PAGE_TEXT_TOKENS + page.tokens),
        pages_max * (PAGE_TEXT_TOKENS_MAX + page.bound_tokens),
    )


def sound(data: str) -> PartTokens:
    """A sound given in base64."""
    return PartTokens(
        len(data) // SOUND_CHARACTERS_PER_TOKEN + 1,
        len(data) // SOUND_CHARACTERS_PER_TOKEN_MIN + 1,
    )


def _pages(data: str) -> tuple[int, int]:
    """Pages, and the most there can be."""
    marks = len(re.findall(_PAGE_MARK, _decoded(data)))
    if marks:
        return marks, marks
    content_bytes = len(data) * 3 // 4
    return min(PAGES_MAX, content_bytes // PAGE_BYTES_TYPICAL + 1), PAGES_MAX


def _decoded(data: str) -> bytes:
    if len(data) > SEARCHED_CHARACTERS_MAX:
        return b""
    try:
        return b64decode(data)
    except (Base64Error, ValueError):
        return b""
