"""Which vocabulary counts for which model, and how near the estimates are."""

import pytest

from bursar.tokens.counts import TextMeasure
from bursar.tokens.families import CLAUDE, CLAUDE_SINCE_OPUS_4_7, UNKNOWN, encoding_for
from bursar.tokens.texts import count_text

O200K_MODELS = [
    "gpt-4o",
    "gpt-4o-mini-2024-07-18",
    "chatgpt-4o-latest",
    "gpt-4.1",
    "gpt-4.1-nano",
    "gpt-4.5-preview",
    "gpt-5",
    "gpt-5.6-terra",
    "openai/gpt-5-mini",
    "o1",
    "o1-preview",
    "o3",
    "o3-mini",
    "o4-mini",
    "ft:gpt-4o-2024-08-06:acme::abc",
    "gpt-oss-120b",
    "GPT-4O",
]
CL100K_MODELS = [
    "gpt-4",
    "gpt-4-turbo",
    "gpt-4-0613",
    "gpt-4-32k",
    "gpt-3.5-turbo",
    "gpt-35-turbo",
    "azure/gpt-4",
    "text-embedding-3-small",
    "text-embedding-ada-002",
    "ft:gpt-3.5-turbo:acme",
]
EARLIER_CLAUDE = [
    "claude-2.1",
    "claude-instant-1",
    "claude-3-opus-20240229",
    "claude-3-5-sonnet-latest",
    "claude-3.7-sonnet",
    "claude-sonnet-4-20250514",
    "claude-sonnet-4-5",
    "anthropic/claude-sonnet-4.6",
    "claude-haiku-4-5-20251001",
    "claude-opus-4",
    "claude-opus-4-20250514",
    "claude-opus-4-1-20250805",
    "us.anthropic.claude-opus-4-20250514-v1:0",
    "anthropic.claude-opus-4-6-v1",
    "claude-opus-4-1@20250805",
    "claude-4-sonnet",
]
LATER_CLAUDE = [
    "claude-opus-4-7",
    "claude-opus-4.8",
    "claude-opus-4-10",
    "claude-opus-5",
    "claude-opus-5-5",
    "claude-sonnet-5",
    "claude-haiku-5-5",
    "claude-fable-5",
    "claude-mythos-5",
    "claude-6",
]


@pytest.mark.parametrize("model", O200K_MODELS)
def test_newer_openai_models_count_exactly_with_o200k(model):
    choice = encoding_for(model)
    assert (choice.name, choice.is_estimate, choice.factor_permille) == ("o200k_base", False, 1000)


@pytest.mark.parametrize("model", CL100K_MODELS)
def test_older_openai_models_count_exactly_with_cl100k(model):
    choice = encoding_for(model)
    assert (choice.name, choice.is_estimate, choice.factor_permille) == ("cl100k_base", False, 1000)


@pytest.mark.parametrize("model", EARLIER_CLAUDE)
def test_claude_up_to_4_6_has_the_earlier_factor(model):
    assert encoding_for(model) is CLAUDE


@pytest.mark.parametrize("model", LATER_CLAUDE)
def test_claude_from_opus_4_7_on_has_the_later_factor(model):
    assert encoding_for(model) is CLAUDE_SINCE_OPUS_4_7


@pytest.mark.parametrize(
    ("model", "vocabulary", "has_single_digits"),
    [
        ("gemini-2.5-pro", "o200k_base", True),
        ("models/gemma-3-27b-it", "o200k_base", True),
        ("SmolLM2-135M-Instruct", "o200k_base", True),
        ("llama3.1:8b", "cl100k_base", False),
        ("meta-llama/Llama-4-Scout", "cl100k_base", False),
        ("Qwen/Qwen3-8B", "cl100k_base", True),
        ("gpt-6-sol", "o200k_base", False),
    ],
)
def test_other_families_are_marked_estimates_with_their_reason(
    model, vocabulary, has_single_digits
):
    choice = encoding_for(model)
    assert choice.is_estimate
    assert choice.reason
    assert choice.name == vocabulary
    assert bool(choice.digit_permille) == has_single_digits


@pytest.mark.parametrize("model", ["", "codellama-7b", "my-deployment", "text-embedding-004"])
def test_a_model_that_is_not_known_is_an_estimate_that_says_so(model):
    assert encoding_for(model) is UNKNOWN
    assert "not known" in UNKNOWN.reason


def test_an_estimate_is_rounded_up_and_its_bound_is_larger():
    assert CLAUDE.tokens(TextMeasure(tokens=3, digits=0, utf8_bytes=12)) == 4  # 3.75
    assert CLAUDE.bound_tokens(TextMeasure(tokens=3, digits=0, utf8_bytes=12)) == 5  # 4.8


def test_digits_count_singly_where_the_vocabulary_joins_up_to_three():
    assert count_text("abc123456789", "gpt-4o").tokens == 4
    assert count_text("abc123456789", "gemini-2.5-pro").tokens == 11  # 4 x 1.10 + 9 x 0.667


def test_a_bound_holds_where_o200k_packs_far_better_than_others():
    blanks = count_text(" " * 4096, "claude-opus-5")
    assert blanks.tokens < 100
    assert blanks.bound_tokens == 2048


# Counts by the vocabulary inside SmolLM2-135M-Instruct's GGUF file.
SMOLLM2_COUNTS = [
    (
        "The treasurer keeps one ledger for all of us: every call is reserved before it is sent, "
        "and settled by what it used. Nobody has to remember a price, because the price stands "
        "beside it.",
        41,
    ),
    (
        "def admit(budget: Budget, ask: Ask) -> Answer:\n"
        "    if ask.tokens > budget.available_tokens:\n"
        '        return Refused(reason="LIMIT_EXCEEDED", left=budget.available_tokens)\n'
        "    return Granted(held_tokens=ask.tokens)\n",
        63,
    ),
    (
        '{"items":[{"id":1042,"name":"disk","ok":true},{"id":1043,"name":"net","ok":false}],'
        '"next":"/v1/items?after=1043","total":77}',
        57,
    ),
    (
        "2026-11-24T14:49:03.118Z 10.2.0.17 GET /v1/usage 200 1834 0.0042\n"
        "2026-11-24T14:49:03.530Z 10.2.0.18 GET /v1/usage 503 129 1.2001\n",
        113,
    ),
]


@pytest.mark.parametrize(("text", "tokens"), SMOLLM2_COUNTS)
def test_the_estimate_for_the_demonstration_model_is_near_and_its_bound_holds(text, tokens):
    count = count_text(text, "smollm2-135m-instruct")
    assert count.is_estimate
    assert tokens * 0.8 <= count.tokens <= tokens * 1.25
    assert tokens <= count.bound_tokens <= tokens * 1.6
