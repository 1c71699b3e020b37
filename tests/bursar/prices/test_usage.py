"""Provider usage in one shape, compared with the price library's own reading of it."""

import pytest
from genai_prices import extract_usage
from hypothesis import given
from hypothesis import strategies as st

from bursar.errors import InvalidRequest
from bursar.prices.usage import ProviderFormat, Usage, usage_from_provider

ANTHROPIC = ProviderFormat.ANTHROPIC_MESSAGES
CHAT = ProviderFormat.OPENAI_CHAT
RESPONSES = ProviderFormat.OPENAI_RESPONSES
LIBRARY_NAMES = {
    ANTHROPIC: ("anthropic", "default", "claude-sonnet-4-5"),
    CHAT: ("openai", "chat", "gpt-5"),
    RESPONSES: ("openai", "responses", "gpt-5"),
}
counts = st.integers(0, 10**9)
maybe = st.none() | counts


def by_library(provider_format, usage):
    """What the library reads, as input, cached, written, written for an hour, output, reasoning."""
    provider, flavor, model = LIBRARY_NAMES[provider_format]
    response = {"model": model, "usage": usage}
    read = extract_usage(response, provider_id=provider, api_flavor=flavor).usage
    names = (
        "input_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
        "output_reasoning_tokens",
    )
    return tuple(vars(read).get(name, 0) for name in names)


def as_library(usage):
    """Ours in the library's terms, where writes for an hour are part of all writes."""
    return (
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens + usage.cache_write_1h_tokens,
        usage.cache_write_1h_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    )


@st.composite
def anthropic_usages(draw):
    written_5m, written_1h, output = draw(counts), draw(counts), draw(counts)
    found = {
        "input_tokens": draw(counts),
        "cache_read_input_tokens": draw(maybe),
        "cache_creation_input_tokens": written_5m + written_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written_5m,
            "ephemeral_1h_input_tokens": written_1h,
        },
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": draw(st.integers(0, output))},
        "service_tier": "standard",
    }
    for name in draw(
        st.sets(st.sampled_from(["cache_read_input_tokens", "output_tokens_details"]))
    ):
        del found[name]
    return found


@st.composite
def openai_usages(draw, given_name, made_name):
    cached, written, plain, output = draw(counts), draw(counts), draw(counts), draw(counts)
    found = {
        given_name: plain + cached + written,
        made_name: output,
        "total_tokens": plain + cached + written + output,
        f"{given_name}_details": {"cached_tokens": cached, "cache_write_tokens": written},
        f"{made_name}_details": {"reasoning_tokens": draw(st.integers(0, output))},
    }
    for name in draw(st.sets(st.sampled_from([f"{given_name}_details", f"{made_name}_details"]))):
        del found[name]
    return found


@given(anthropic_usages())
def test_anthropic_usage_reads_as_the_library_reads_it(usage):
    assert as_library(usage_from_provider(ANTHROPIC, usage)) == by_library(ANTHROPIC, usage)


@given(openai_usages("prompt_tokens", "completion_tokens"))
def test_openai_chat_usage_reads_as_the_library_reads_it(usage):
    assert as_library(usage_from_provider(CHAT, usage)) == by_library(CHAT, usage)


@given(openai_usages("input_tokens", "output_tokens"))
def test_openai_responses_usage_reads_as_the_library_reads_it(usage):
    assert as_library(usage_from_provider(RESPONSES, usage)) == by_library(RESPONSES, usage)


def test_anthropics_input_becomes_a_total():
    usage = {
        "input_tokens": 12,
        "cache_read_input_tokens": 500,
        "cache_creation_input_tokens": 1_000,
        "cache_creation": {"ephemeral_1h_input_tokens": 1_000, "ephemeral_5m_input_tokens": 0},
        "output_tokens": 50,
    }
    assert usage_from_provider(ANTHROPIC, usage) == Usage(
        input_tokens=1_512,
        cached_input_tokens=500,
        cache_write_1h_tokens=1_000,
        output_tokens=50,
    )


def test_what_the_provider_spent_on_compacting_counts_too():
    step = {"type": "compaction", "input_tokens": 100, "output_tokens": 10}
    usage = {"input_tokens": 5, "output_tokens": 1, "iterations": [step, {"type": "message"}]}
    found = usage_from_provider(ANTHROPIC, usage)
    assert (found.input_tokens, found.output_tokens) == (105, 11)


def test_optional_fields_may_be_missing_or_null():
    assert usage_from_provider(CHAT, {"prompt_tokens": 3, "completion_tokens": 4}) == Usage(
        input_tokens=3, output_tokens=4
    )
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": None}
    assert usage_from_provider(CHAT, usage).cached_input_tokens == 0


def test_searches_and_sounds_are_named_as_not_priced():
    searched = {
        "input_tokens": 1,
        "output_tokens": 1,
        "server_tool_use": {"web_search_requests": 2},
    }
    assert usage_from_provider(ANTHROPIC, searched).unpriced_units == ("web_searches",)
    spoken = {
        "prompt_tokens": 9,
        "completion_tokens": 9,
        "prompt_tokens_details": {"audio_tokens": 4},
        "completion_tokens_details": {"audio_tokens": 5},
    }
    assert usage_from_provider(CHAT, spoken).unpriced_units == (
        "input_audio_tokens",
        "output_audio_tokens",
    )


@pytest.mark.parametrize(
    ("usage", "field"),
    [
        ({"completion_tokens": 1}, "prompt_tokens"),
        ({"prompt_tokens": 1, "completion_tokens": None}, "completion_tokens"),
        ({"prompt_tokens": -1, "completion_tokens": 1}, "prompt_tokens"),
        ({"prompt_tokens": True, "completion_tokens": 1}, "prompt_tokens"),
        ({"prompt_tokens": 1.5, "completion_tokens": 1}, "prompt_tokens"),
        ({"prompt_tokens": "12", "completion_tokens": 1}, "prompt_tokens"),
        ({"prompt_tokens": float("nan"), "completion_tokens": 1}, "prompt_tokens"),
        ({"prompt_tokens": float("inf"), "completion_tokens": 1}, "prompt_tokens"),
        ({"prompt_tokens": 2**63, "completion_tokens": 1}, "prompt_tokens"),
        (
            {"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": 7},
            "prompt_tokens_details",
        ),
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 1,
                "prompt_tokens_details": {"cached_tokens": 2},
            },
            "input_tokens",
        ),
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 1,
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
            "output_tokens",
        ),
        ([], "usage"),
        (None, "usage"),
    ],
)
def test_what_is_no_usage_is_refused_with_the_field(usage, field):
    with pytest.raises(InvalidRequest) as refused:
        usage_from_provider(CHAT, usage)
    assert refused.value.violations[0].field == field


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
FIELDS = [
    "input_tokens",
    "output_tokens",
    "prompt_tokens",
    "completion_tokens",
    "cache_creation",
    "prompt_tokens_details",
    "iterations",
]


@given(
    st.dictionaries(st.sampled_from(FIELDS), counts | json_values), st.sampled_from(ProviderFormat)
)
def test_any_object_is_read_or_refused_as_invalid(usage, provider_format):
    try:
        found = usage_from_provider(provider_format, usage)
    except InvalidRequest:
        return
    assert found.uncached_input_tokens >= 0
    assert found.output_tokens >= found.reasoning_tokens >= 0


def test_a_part_below_zero_is_refused():
    with pytest.raises(InvalidRequest, match="at least 0"):
        Usage(input_tokens=5, cached_input_tokens=-1)
