"""Counting one text: special tokens, broken text, and text made to be slow."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bursar.tokens.cache import CountCache
from bursar.tokens.texts import CACHED_FROM_BYTES, RUN_CHARACTERS_MAX, _pieces, count_text
from bursar.tokens.vocabulary import encoding

MEGABYTE = 1_000_000
SLOW_TEXTS = {
    "one letter": "a" * MEGABYTE,
    "one capital": "A" * MEGABYTE,
    "blanks before a word": " " * MEGABYTE + "x",
    "blanks": " " * 1_200_000,
    "tabs": "\t" * MEGABYTE,
    "line feeds": "\n" * MEGABYTE + "x",
    "one sign": "^" * MEGABYTE,
    "one ideograph": "中" * MEGABYTE,
    "combining marks": "\u0301" * MEGABYTE,
    "two runs in turn": ("a" * 70_000 + " " * 70_000) * 7,
    "separators that Python alone calls blank": "\x1c" * MEGABYTE,
}


@pytest.fixture(scope="module", autouse=True)
def loaded():
    encoding("o200k_base")
    encoding("cl100k_base")


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4"])
@pytest.mark.parametrize("kind", SLOW_TEXTS)
def test_a_megabyte_made_to_be_slow_is_counted_in_under_two_seconds(kind, model):
    started_s = time.process_time()
    count = count_text(SLOW_TEXTS[kind], model)
    assert time.process_time() - started_s < 2
    assert 0 < count.tokens <= count.bound_tokens
    assert count.is_estimate
    assert "overlong run" in count.reason


@pytest.mark.parametrize("letter", ["a", " ", "\n", "^", "中"])
def test_a_cut_run_counts_within_its_margin_of_the_run_whole(letter):
    text = "start " + letter * 200_000 + " end"
    whole_tokens = len(encoding("o200k_base").encode_ordinary(text))
    count = count_text(text, "gpt-4o")
    assert abs(count.tokens - whole_tokens) <= 12
    assert count.bound_tokens >= whole_tokens


def test_a_run_is_cut_only_above_the_limit():
    below = "a" * (RUN_CHARACTERS_MAX - 1) + " tail"
    above = "a" * (RUN_CHARACTERS_MAX + 1) + " tail"
    assert list(_pieces(below)) == [below]
    assert [len(piece) for piece in _pieces(above)] == [RUN_CHARACTERS_MAX, 6]


def test_long_text_without_long_runs_is_counted_whole_and_exactly():
    text = "Every token, every call, every cycle must be justified.\n" * 4_000
    count = count_text(text, "gpt-4o")
    assert not count.is_estimate
    assert count.tokens == count.bound_tokens == len(encoding("o200k_base").encode_ordinary(text))


@given(st.lists(st.tuples(st.sampled_from("a \n中"), st.integers(1, 150_000)), max_size=4))
def test_the_pieces_of_a_text_join_to_it(runs):
    text = "".join(letter * times for letter, times in runs)
    assert "".join(_pieces(text)) == text


@given(st.text(max_size=300), st.sampled_from(["gpt-4o", "gpt-4"]))
@example("<|endoftext|><|endofprompt|>", "gpt-4o")
@example("\ud800 lone \udfff", "gpt-4")
def test_an_exact_count_is_what_tiktoken_encodes_and_its_own_bound(text, model):
    name = "o200k_base" if model == "gpt-4o" else "cl100k_base"
    count = count_text(text, model)
    assert count.tokens == count.bound_tokens == len(encoding(name).encode_ordinary(text))
    assert not count.is_estimate


@given(
    st.text(max_size=300), st.sampled_from(["claude-opus-5", "gemini-3-pro", "qwen3", "no-name"])
)
def test_an_estimate_says_why_and_never_exceeds_its_bound(text, model):
    count = count_text(text, model)
    assert count.is_estimate
    assert count.reason
    assert 0 <= count.tokens <= count.bound_tokens


def test_text_that_spells_a_special_token_counts_as_ordinary_text():
    assert count_text("<|endoftext|>", "gpt-4o").tokens == 7
    assert count_text("<|im_start|>system", "gpt-4").tokens > 2


def test_an_empty_text_has_no_tokens():
    assert count_text("", "gpt-4o").tokens == 0
    assert count_text("", "claude-opus-5").tokens == 0


@given(st.text(min_size=CACHED_FROM_BYTES, max_size=2 * CACHED_FROM_BYTES))
def test_a_remembered_count_is_the_same_count(text):
    cache = CountCache()
    first = count_text(text, "claude-opus-5", cache)
    assert count_text(text, "claude-opus-5", cache) == first == count_text(text, "claude-opus-5")
    assert cache.hits == 1
