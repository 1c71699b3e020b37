"""What holds of every compression, whatever the text."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.errors import InvalidRequest
from bursar.tokens.texts import count_text
from bursar_compressor.detection import Kind
from bursar_compressor.domain import Ground, Order, compress
from bursar_compressor.registry import Level

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
LOSSY = st.sampled_from([Level.SAFE, Level.AGGRESSIVE])
GROUND = Ground(count)


@settings(max_examples=400, deadline=None)
@given(TEXTS, KINDS)
def test_plain_is_never_longer_deterministic_and_changes_nothing_the_second_time(content, kind):
    order = Order(content, kind)
    once = compress(order, GROUND)
    again = compress(Order(once.content, kind), GROUND)

    assert once.tokens_after == count(once.content) <= once.tokens_before == count(content)
    assert compress(order, GROUND) == once
    assert again.content == once.content
    assert once.content.split() == content.split() or once.changes


@settings(max_examples=300, deadline=None)
@given(TEXTS, KINDS, st.integers(1, 400), st.sampled_from(["", "words code"]), LOSSY)
def test_a_target_is_met_or_the_least_reachable_count_is_named(
    content, kind, target_tokens, query, level
):
    order = Order(content, kind, level, target_tokens, query, REFERENCE)
    try:
        once = compress(order, GROUND)
    except InvalidRequest as refused:
        assert refused.facts["least_tokens"] > target_tokens
        return
    again = compress(replace(order, content=once.content), GROUND)

    assert once.tokens_after == count(once.content) <= target_tokens
    assert once.tokens_before == count(content)
    assert compress(order, GROUND) == once
    assert again.content == once.content
    assert REFERENCE in once.content or not once.needs_original


@settings(max_examples=300, deadline=None)
@given(TEXTS, KINDS, st.sampled_from(Level), st.data())
def test_what_is_protected_stays_and_the_text_is_never_longer(content, kind, level, data):
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, len(content)))
    kept = content[begin:end]
    target_tokens = data.draw(st.sampled_from([0, 0, 60, 200]))
    order = Order(content, kind, level, target_tokens, "", REFERENCE, (kept,) if kept else ())
    try:
        once = compress(order, GROUND)
    except InvalidRequest as refused:
        assert refused.facts["least_tokens"] > target_tokens
        return

    assert kept in once.content
    assert once.tokens_after == count(once.content) <= once.tokens_before


def test_the_changes_lead_from_the_count_before_to_the_count_after():
    block = "\n".join(
        f"2026-07-01 12:00:00 INFO step {number} of a run \t \t" for number in range(9)
    )
    same = "2026-07-01 12:00:01 WARN waiting for the broker\n" * 7
    result = compress(Order(f"{block}\n{same}{block}\n"), GROUND)

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

    assert compress(Order(code), GROUND).content == code
    assert json.loads(compress(Order(data), GROUND).content) == json.loads(data)


def test_what_a_pointer_stands_for_is_never_cut_away_from_under_it():
    block = "\n".join(f"the {word} line of a block that is repeated" for word in "abcdefgh")
    filler = "\n".join(f"Sentence {number} fills the middle of the text." for number in range(400))
    order = Order(
        f"{filler}\n{block}\n{filler}\n{block}\n",
        Kind.PROSE,
        Level.SAFE,
        target_tokens=500,
        reference=REFERENCE,
    )
    result = compress(order, GROUND)

    assert compress(Order(order.content, Kind.PROSE), GROUND).changes
    assert set(block.split("\n")) <= set(result.content.split("\n"))


def test_plain_alone_that_misses_its_target_names_what_it_reached():
    order = Order("words that cannot become fewer", level=Level.PLAIN, target_tokens=2)

    with pytest.raises(InvalidRequest) as refused:
        compress(order, GROUND)
    assert refused.value.facts["least_tokens"] == count(order.content)


def test_a_target_that_is_met_already_changes_nothing():
    order = Order("few words", level=Level.SAFE, target_tokens=2)

    assert compress(order, GROUND).content == order.content


def test_a_target_below_what_is_protected_names_the_least_that_can_be_reached():
    kept = "these words have to stay as they are, all of them"
    filler = "\n".join(f"Sentence {number} may go." for number in range(90))
    order = Order(
        f"{filler}\n{kept}\n{filler}",
        level=Level.AGGRESSIVE,
        target_tokens=20,
        reference=REFERENCE,
        protected=(kept,),
    )

    with pytest.raises(InvalidRequest) as refused:
        compress(order, GROUND)
    least_tokens = refused.value.facts["least_tokens"]
    assert compress(replace(order, target_tokens=least_tokens), GROUND).tokens_after == least_tokens


def test_json_nested_too_deeply_is_left_as_it_is_and_the_changes_say_so():
    deep = "[ " * 3_000 + "]" * 3_000
    result = compress(Order(deep), GROUND)

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
    order = Order(content, level=Level.SAFE, target_tokens=500, reference=REFERENCE)
    began_s = time.process_time()
    result = compress(order, GROUND)

    assert result.tokens_after <= 500
    assert time.process_time() - began_s < 10
