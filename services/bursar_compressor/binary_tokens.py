"""What content costs that is no text: images by the formula that their provider publishes."""

from __future__ import annotations

from bursar.tokens.families import CLAUDE, CLAUDE_SINCE_OPUS_4_7, encoding_for
from bursar.tokens.image_sizes import size_of
from bursar.tokens.images import anthropic_image, openai_image

DETAIL = "auto"  # as where a request names none


def image_tokens(content: bytes, model: str) -> int | None:
    """Tokens of a PNG, GIF, JPEG or WebP for `model`; None where it is none. Always an estimate."""
    size = size_of(content)
    if size is None:
        return None
    if encoding_for(model) in (CLAUDE, CLAUDE_SINCE_OPUS_4_7):
        return anthropic_image(model, size).tokens
    return openai_image(model, size, DETAIL).tokens
