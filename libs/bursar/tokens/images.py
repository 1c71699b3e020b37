"""What an image costs in tokens, by the formulas that OpenAI and Anthropic publish.

OpenAI (its guide "Images and vision", read in 2026): tiled models fit the image into 2048 x 2048,
bring the short side down to 768 and pay a base and so much a tile of 512 x 512. Patched models fit
it into a longest side and a budget of 32 x 32 patches and pay a multiple of the patches. At low
detail, tiled models pay the base alone.

Anthropic (its page "Vision"): one token a patch of 28 x 28 after fitting the image into a longest
side and a most of tokens: 1568 and 1568 up to Claude 4.6; 2576 and 4784 from Opus 4.7 on.

Every result is an estimate: rounding is the provider's, and a size that is not in the request (an
address, a file id) has to be assumed. The bound then takes the dearest size there is.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from bursar.tokens.counts import PERMILLE, PartTokens, ceil_div
from bursar.tokens.families import CLAUDE, CLAUDE_SINCE_OPUS_4_7, encoding_for
from bursar.tokens.image_sizes import Size

# What is assumed of an image whose size the request does not tell: a screen.
ASSUMED_SIZE: Size = (1920, 1080)
LARGEST_SIZE: Size = (8000, 8000)
OTHER_MODELS_TOKENS, OTHER_MODELS_TOKENS_MAX = 1_600, 6_500
_TILE_PIXELS, _TILED_SIDE_MAX, _TILED_SHORT_SIDE_MAX = 512, 2048, 768
_PATCH_PIXELS, _CLAUDE_PATCH_PIXELS = 32, 28


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tokens for any image and for each tile of it."""

    base_tokens: int
    tile_tokens: int

    def tokens(self, size: Size, detail: str) -> int:
        if detail == "low":
            return self.base_tokens
        width, height = _fitted(size, _TILED_SIDE_MAX)
        shrink = min(1.0, _TILED_SHORT_SIDE_MAX / min(width, height))
        columns = math.ceil(int(width * shrink) / _TILE_PIXELS)
        rows = math.ceil(int(height * shrink) / _TILE_PIXELS)
        return self.base_tokens + columns * rows * self.tile_tokens


@dataclass(frozen=True, slots=True)
class Patches:
    """A multiple of the patches, and the limits by detail: longest side and patches, 0 = none."""

    multiplier_permille: int
    limits_by_detail: tuple[tuple[str, int, int], ...]

    def tokens(self, size: Size, detail: str) -> int:
        known = {name: (side, budget) for name, side, budget in self.limits_by_detail}
        side_max, patches_max = known.get(detail, known["auto"])
        width, height = _fitted(size, side_max)
        patches = _patches(width, height, _PATCH_PIXELS)
        if patches_max and patches > patches_max:
            patches = _patches(*_within_budget(width, height, patches_max), _PATCH_PIXELS)
        return ceil_div(patches * self.multiplier_permille, PERMILLE)


_FROM_5_6 = (("low", 512, 0), ("high", 2048, 2500), ("original", 65_535, 0), ("auto", 65_535, 0))
_5_5 = (("low", 512, 0), ("high", 2048, 2500), ("original", 6000, 10_000), ("auto", 6000, 10_000))
_5_4 = (
    ("low", 2048, 6144),
    ("high", 2048, 2500),
    ("original", 6000, 10_000),
    ("auto", 2048, 2500),
)
_UP_TO_5_3 = (("auto", 2048, 6144),)
_SMALL = (("auto", 2048, 1536),)

# The first pattern that is found decides. Multipliers that were lowered since keep the higher one.
_RULES: tuple[tuple[str, Tiles | Patches], ...] = (
    (r"gpt-4o-mini", Tiles(2833, 5667)),
    (r"gpt-4\.1-mini", Patches(1620, _UP_TO_5_3)),
    (r"gpt-4\.1-nano", Patches(2460, _SMALL)),
    (r"o4-mini|codex-mini-latest", Patches(1720, _SMALL)),
    (r"gpt-5\.4", Patches(1200, _5_4)),
    (r"gpt-5\.5", Patches(1200, _5_5)),
    (r"gpt-5\.[6-9]|gpt-[6-9]|gpt-\d\d", Patches(1200, _FROM_5_6)),
    (r"gpt-5[\w.-]*-mini", Patches(1620, _SMALL)),
    (r"gpt-5[\w.-]*-nano", Patches(2460, _SMALL)),
    (r"gpt-5\.[23]", Patches(1200, _UP_TO_5_3)),
    (r"gpt-5", Tiles(70, 140)),
    (r"(?:^|[/:._-])o[13](?:-|$)", Tiles(75, 150)),
    (r"computer-use-preview", Tiles(65, 129)),
    (r"gpt-4", Tiles(85, 170)),
)


def openai_image(model: str, size: Size | None, detail: str) -> PartTokens:
    """An image in OpenAI's chat format. `size` is None where the request does not tell it."""
    rule = _rule_for(model)
    if rule is None:
        return PartTokens(OTHER_MODELS_TOKENS, OTHER_MODELS_TOKENS_MAX)
    if size is not None:
        tokens = rule.tokens(size, detail)
        return PartTokens(tokens, tokens + 1)  # the guide: rounding can differ by one
    return PartTokens(rule.tokens(ASSUMED_SIZE, detail), _most(rule, detail))


def anthropic_image(model: str, size: Size | None) -> PartTokens:
    """An image in Anthropic's message format. `size` is None where the request does not tell it."""
    choice = encoding_for(model)
    if choice not in (CLAUDE, CLAUDE_SINCE_OPUS_4_7):
        return PartTokens(OTHER_MODELS_TOKENS, OTHER_MODELS_TOKENS_MAX)
    side_max, tokens_max = (1568, 1568) if choice is CLAUDE else (2576, 4784)
    if size is None:
        return PartTokens(_claude_tokens(ASSUMED_SIZE, side_max, tokens_max), tokens_max)
    tokens = _claude_tokens(size, side_max, tokens_max)
    return PartTokens(tokens, min(tokens_max, tokens + tokens // 20 + 2))


@lru_cache(maxsize=256)
def _rule_for(model: str) -> Tiles | Patches | None:
    name = model.lower()
    return next((rule for pattern, rule in _RULES if re.search(pattern, name)), None)


def _most(rule: Tiles | Patches, detail: str) -> int:
    """The dearest image: the long sides of a tiled one count most when they are not square."""
    sizes = (LARGEST_SIZE, (LARGEST_SIZE[0], LARGEST_SIZE[0] * 3 // 8))
    return max(rule.tokens(size, detail) for size in sizes)


def _claude_tokens(size: Size, side_max: int, tokens_max: int) -> int:
    width, height = _fitted(size, side_max)
    return min(tokens_max, _patches(width, height, _CLAUDE_PATCH_PIXELS))


def _fitted(size: Size, side_max: int) -> Size:
    """Brought down to a longest side, never up."""
    width, height = size
    longest = max(width, height)
    if longest <= side_max:
        return size
    return max(1, width * side_max // longest), max(1, height * side_max // longest)


def _within_budget(width: int, height: int, patches_max: int) -> Size:
    """OpenAI's rule: shrink to the budget, then so that whole patches fit it."""
    shrink = math.sqrt(_PATCH_PIXELS**2 * patches_max / (width * height))
    columns, rows = width * shrink / _PATCH_PIXELS, height * shrink / _PATCH_PIXELS
    if columns >= 1 and rows >= 1:
        shrink *= min(int(columns) / columns, int(rows) / rows)
    return max(1, int(width * shrink)), max(1, int(height * shrink))


def _patches(width: int, height: int, patch_pixels: int) -> int:
    return math.ceil(width / patch_pixels) * math.ceil(height / patch_pixels)
