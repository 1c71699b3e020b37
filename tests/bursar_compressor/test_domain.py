"""What holds of every compression, whatever the text."""

from __future__ import annotations

import json
import time
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.errors import InvalidRequest
from bursar.tokens.texts import count_text
from bursar_compressor.detection import Kind
from bursar_compressor.domain import (
    Level,
    Order,
    compress_plain,
    compress_to_target,
    needs_truncation,
)

REFERENCE = f"blob_{'f' * 64}"


@lru_cache(maxsize=65_536)
def count(text: str) -> int:
    return count_text(text, "gpt-4o").tokens


LINES = st.sampled_from(
    [
        *(
            "",
            " ",
            "  indented ",
            "\ttab",
            "plain words that say something.  ",
            "words. More words.",
        ),
        *("```", "~~~", "    code = 'text' ", "def f(x):", "    return x ", '"""', "{", "}", "};"),
        *("2026-07-01 12:00:00 INFO ok ", "2026-07-01 12:00:01 ERROR failed", "E   assert 1 == 2"),
        *('{"a": 1}', "[1, 2]", "[bursar: the line above 3 more times]", "x" * 80, "漢字 かな 🦊 "),
        *("diff --git a/x b/x", "[bursar: end of the extract]", "a longer line " * 6, "\r", "\\"),
    ]
)
TEXTS = st.builds(
    lambda lines, times, joint: joint.join(lines * times),
    st.lists(LINES, max_size=12),
    st.integers(1, 5),
    st.sampled_from(["\n", "\n\n\n", "\r\n", " "]),
) | st.text(max_size=60)
KINDS = st.sampled_from([None, *Kind])


@settings(max_examples=400, deadline=None)
@given(TEXTS, KINDS)
def test_plain_is_never_longer_deterministic_and_changes_nothing_the_second_time(content, kind):
    order = Order(content, kind)
    once = compress_plain(order, count)
    again = compress_plain(Order(once.content, kind), count)

    assert once.tokens_after == count(once.content) <= once.tokens_before == count(content)
    assert compress_plain(order, count) == once
    assert again.content == once.content
    assert once.content.split() == content.split() or once.changes


@settings(max_examples=300, deadline=None)
@given(TEXTS, KINDS, st.integers(1, 400), st.sampled_from(["", "words code"]))
def test_a_target_is_met_or_the_least_reachable_count_is_named(content, kind, target_tokens, query):
    order = Order(content, kind, Level.SAFE, target_tokens, query)
    plain = compress_plain(order, count)
    if not needs_truncation(order, plain):
        assert plain.tokens_after <= target_tokens
        return
    try:
        once = compress_to_target(order, REFERENCE, count)
    except InvalidRequest as refused:
        assert refused.facts["least_tokens"] > target_tokens
        return
    second = Order(once.content, kind, Level.SAFE, target_tokens, query)
    again = compress_plain(second, count)

    assert once.tokens_after == count(once.content) <= target_tokens < once.tokens_before
    assert once.tokens_before == count(content)
    assert compress_to_target(order, REFERENCE, count) == once
    assert again.content == once.content
    assert REFERENCE in once.content
    assert not needs_truncation(second, again)


def test_the_changes_lead_from_the_count_before_to_the_count_after():
    block = "\n".join(
        f"2026-07-01 12:00:00 INFO step {number} of a run \t \t" for number in range(9)
    )
    same = "2026-07-01 12:00:01 WARN waiting for the broker\n" * 7
    result = compress_plain(Order(f"{block}\n{same}{block}\n"), count)

    assert result.kind is Kind.LOG
    assert [change.method for change in result.changes] == [
        *("trailing_whitespace", "repeated_lines", "repeated_block")
    ]
    befores = [change.tokens_before for change in result.changes]
    afters = [change.tokens_after for change in result.changes]
    assert [result.tokens_before, *afters] == [*befores, result.tokens_after]


def test_code_and_json_get_no_pointers_that_would_not_parse():
    block = "\n".join(f"    values[{number}] = source[{number}];" for number in range(20))
    code = f"void f() {{\n{block}\n}}\nvoid g() {{\n{block}\n}}\n"
    data = json.dumps([{"name": "a long name that repeats"}] * 20, indent=1)

    assert compress_plain(Order(code), count).content == code
    assert json.loads(compress_plain(Order(data), count).content) == json.loads(data)


def test_what_a_pointer_stands_for_is_never_cut_away_from_under_it():
    block = "\n".join(f"the {word} line of a block that is repeated" for word in "abcdefgh")
    filler = "\n".join(f"Sentence {number} fills the middle of the text." for number in range(400))
    order = Order(f"{filler}\n{block}\n{filler}\n{block}\n", Kind.PROSE, Level.SAFE, 500)
    result = compress_to_target(order, REFERENCE, count)

    assert compress_plain(Order(order.content, Kind.PROSE), count).changes
    assert set(block.split("\n")) <= set(result.content.split("\n"))


def test_plain_alone_that_misses_its_target_names_what_it_reached():
    order = Order("words that cannot become fewer", level=Level.PLAIN, target_tokens=2)
    plain = compress_plain(order, count)

    with pytest.raises(InvalidRequest) as refused:
        needs_truncation(order, plain)
    assert refused.value.facts["least_tokens"] == plain.tokens_after


def test_a_target_that_is_met_already_changes_nothing():
    order = Order("few words", level=Level.SAFE, target_tokens=2)

    assert not needs_truncation(order, compress_plain(order, count))


def test_json_nested_too_deeply_is_left_as_it_is_and_the_changes_say_so():
    deep = "[ " * 3_000 + "]" * 3_000
    result = compress_plain(Order(deep), count)

    assert result.content == deep
    assert [change.summary for change in result.changes] == [
        "left as it is: nested too deeply to be read as JSON"
    ]


@pytest.mark.parametrize(
    "unit",
    [
        *(" ", "\n", "\t\n", "a" + " " * 999, "```\n", "~", '"', "[", ". ", "{\n}\n", "\\"),
        *("same line\n", "[bursar: ", "a\nb\na\n", "-x \n+y \n", "E   x\n", "漢", "'\n", "a, "),
    ],
)
def test_a_hostile_text_is_done_in_time_that_grows_with_its_length(unit):
    content = unit * (400_000 // len(unit))
    order = Order(content, level=Level.SAFE, target_tokens=500)
    began_s = time.process_time()
    result = compress_plain(order, count)
    if needs_truncation(order, result):
        result = compress_to_target(order, REFERENCE, count)

    assert result.tokens_after <= 500
    assert time.process_time() - began_s < 10
