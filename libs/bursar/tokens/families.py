"""Which vocabulary counts for which model, and by how much an estimate corrects it.

| family | vocabulary | estimate | bound | source |
| --- | --- | --- | --- | --- |
| OpenAI up to GPT-5 | its own | exact | = | tiktoken's model table |
| OpenAI after GPT-5 | o200k | x 1.00 | x 1.25 | vocabulary not published |
| Claude up to 4.6 | o200k | x 1.25 | x 1.60 | on GPT-4o: prose +16 %, Python +30 % |
| Claude since Opus 4.7 | o200k | x 1.65 | x 2.25 | on the former: +30 %; measured +13 to +59 % |
| Gemini, Gemma | o200k | x 1.10 + digits | x 1.45 | prose +5 to +10 %; digits are single tokens |
| Llama 3 and later | cl100k | x 1.00 | x 1.20 | its vocabulary is cl100k's and 28,000 more |
| Qwen | cl100k | x 1.00 + digits | x 1.20 | its vocabulary extends cl100k's; single digits |
| SmolLM2 | o200k | x 1.13 + digits | x 1.45 | measured by kind of text: x 0.94 to 1.30 |
| others | o200k | x 1.25 + digits | x 2.00 | unknown |

"+ digits": two thirds of a token more for each digit, because o200k and cl100k join up to three.
An estimate is rounded up. A bound is also at least one token in so many bytes, against text that
o200k packs far better than others do (runs of blanks, of one letter). The bounds cover whole
documents of every kind measured, with a margin; they are no proof for text made to exceed them.

Sources. Claude up to 4.6: "Hidden costs in AI deployment: why Claude models may be 20-30% more
expensive than GPT", VentureBeat, May 2025. Later Claude: Anthropic's page on token counting
("approximately 30 percent more"), and two measurements of 2026 with its count_tokens:
sol.ava.dev/writings/2026-04-17-opus-4-7-tokenizer.html and
jackin.tailrocks.com/research/token-optimization. Gemini: techcompare.app/token-counter. Llama 3:
arXiv 2407.21783, section 3.2. Qwen: arXiv 2309.16609, section 2.2. SmolLM2: the vocabulary inside
its GGUF file; tests/bursar/tokens/test_families.py keeps four of its counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from bursar.tokens.counts import PERMILLE, TextMeasure, TokenCount, ceil_div

O200K = "o200k_base"
CL100K = "cl100k_base"
SINGLE_DIGITS_PERMILLE = 667
# A cut of an overlong run splits at most one token in two on either side.
CUT_MARGIN_TOKENS = 4


@dataclass(frozen=True, slots=True)
class EncodingChoice:
    """How a model's tokens are counted: `name` is the vocabulary, factors are in thousandths.

    One that is no estimate counts the vocabulary's tokens as they are, unless a run was cut.
    `is_framing_published` tells whether the tokens around messages are documented for the model.
    """

    name: str
    is_estimate: bool
    factor_permille: int
    reason: str
    digit_permille: int = 0
    bound_permille: int = PERMILLE
    bound_bytes_per_token: int = 0
    is_framing_published: bool = False

    def tokens(self, measure: TextMeasure) -> int:
        """The count of a text so measured, rounded up."""
        return self._scaled(measure, self.factor_permille)

    def bound_tokens(self, measure: TextMeasure) -> int:
        """Never fewer than `tokens`; for an estimate the margin of its family is added."""
        scaled = self._scaled(measure, self.bound_permille) + measure.cuts * CUT_MARGIN_TOKENS
        if not self.bound_bytes_per_token:
            return scaled
        return max(scaled, ceil_div(measure.utf8_bytes, self.bound_bytes_per_token))

    def count(self, measure: TextMeasure) -> TokenCount:
        """Both, and whether they are an estimate."""
        if not self.is_estimate and not measure.cuts:
            return TokenCount(measure.tokens, measure.tokens, False)
        reason = self.reason if self.is_estimate else "an overlong run was cut to be counted"
        return TokenCount(self.tokens(measure), self.bound_tokens(measure), True, reason)

    def _scaled(self, measure: TextMeasure, factor_permille: int) -> int:
        scaled = measure.tokens * factor_permille + measure.digits * self.digit_permille
        return ceil_div(scaled, PERMILLE)


def _exact(name: str, is_framing_published: bool) -> EncodingChoice:
    reason = f"counted with {name}, the model's own vocabulary"
    return EncodingChoice(name, False, PERMILLE, reason, is_framing_published=is_framing_published)


def _estimate(
    reason: str,
    factors: tuple[int, int, int],
    name: str = O200K,
    *,
    has_single_digits: bool = False,
) -> EncodingChoice:
    """`factors`: of the estimate, of the bound (both in thousandths), bytes a token at least."""
    digit_permille = SINGLE_DIGITS_PERMILLE if has_single_digits else 0
    return EncodingChoice(name, True, factors[0], reason, digit_permille, factors[1], factors[2])


CLAUDE = _estimate("Claude's tokeniser is not public: o200k_base x 1.25 up to 4.6", (1250, 1600, 3))
CLAUDE_SINCE_OPUS_4_7 = _estimate(
    "Claude's tokeniser is not public: o200k_base x 1.65 from Opus 4.7 on", (1650, 2250, 2)
)
UNKNOWN = _estimate(
    "the model is not known: o200k_base x 1.25, digits counted singly",
    (1250, 2000, 2),
    has_single_digits=True,
)

# The first pattern that is found decides. A name may carry a provider before and a version after:
# `openai/gpt-4o-2024-08-06`, `us.anthropic.claude-opus-4-1-v1:0`, `models/gemini-2.5-pro`.
_START = r"(?:^|[/:.@_-])"
_FAMILIES: tuple[tuple[str, EncodingChoice], ...] = (
    (_START + r"(?:chatgpt-4o|gpt-4o)", _exact(O200K, is_framing_published=True)),
    (_START + r"(?:gpt-4\.[15]|gpt-5|gpt-oss|codex-mini)", _exact(O200K, False)),
    (_START + r"(?:computer-use-preview|o[134](?:-|$))", _exact(O200K, False)),
    (_START + r"(?:gpt-4(?!\d)|gpt-3\.?5|text-embedding-(?:ada|3))", _exact(CL100K, True)),
    (_START + r"(?:davinci-002|babbage-002)", _exact(CL100K, False)),
    (
        _START + r"(?:gpt-[6-9]|gpt-\d\d)",
        _estimate("the vocabulary is not published: o200k_base assumed", (1000, 1250, 4)),
    ),
    (r"claude-(?:v?[123](?!\d)|instant)", CLAUDE),
    (r"claude-(?:sonnet|haiku)-4(?!\d)", CLAUDE),
    (r"claude-opus-4(?:[.-][0-6](?!\d)|-20\d{6}|-v\d|[@:/]|$)", CLAUDE),
    (r"claude-4(?:-(?:opus|sonnet)|[.-][0-6](?!\d))", CLAUDE),
    (r"claude|fable|mythos", CLAUDE_SINCE_OPUS_4_7),
    (
        r"gemini|gemma|learnlm",
        _estimate(
            "Gemini's tokeniser is not shipped: o200k_base x 1.10, digits counted singly",
            (1100, 1450, 3),
            has_single_digits=True,
        ),
    ),
    (
        r"smollm",
        _estimate(
            "SmolLM2's tokeniser is not shipped: o200k_base x 1.13, digits counted singly",
            (1130, 1450, 3),
            has_single_digits=True,
        ),
    ),
    (
        r"llama-?[34](?!\d)",
        _estimate("Llama's tokeniser is not shipped: cl100k_base", (1000, 1200, 4), CL100K),
    ),
    (
        r"qwen|qwq",
        _estimate(
            "Qwen's tokeniser is not shipped: cl100k_base, digits counted singly",
            (1000, 1200, 4),
            CL100K,
            has_single_digits=True,
        ),
    ),
)


@lru_cache(maxsize=1024)
def encoding_for(model: str) -> EncodingChoice:
    """How the tokens of `model` are counted. A name that is not known gives a marked estimate."""
    name = model.lower()
    return next((choice for pattern, choice in _FAMILIES if re.search(pattern, name)), UNKNOWN)
