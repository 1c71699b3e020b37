"""JSON loses blanks and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_compressor.json_minify import rewrite

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


def pairs(text: str) -> object:
    """The data with its key order, its repeated keys and its numbers as they are written."""
    return json.loads(text, object_pairs_hook=list, parse_int=str, parse_float=str)


@given(
    VALUES.filter(lambda value: isinstance(value, list | dict)),
    st.sampled_from([None, 0, 2, "\t"]),
    st.booleans(),
)
def test_the_data_is_the_same_and_a_second_time_changes_nothing(value, indent, ensure_ascii):
    text = json.dumps(value, indent=indent, ensure_ascii=ensure_ascii)
    minified = rewrite(text).content

    assert pairs(minified) == pairs(text)
    assert len(minified) <= len(text)
    assert rewrite(minified).content == minified


def test_numbers_repeated_keys_and_escapes_stay_as_they_are_written():
    text = '{ "a" : 1.0, "a": 1e5, "big": 123456789012345678901234567890, "e": "\\u00e9 \\/  x" }'

    expected = '{"a":1.0,"a":1e5,"big":123456789012345678901234567890,"e":"\\u00e9 \\/  x"}'
    assert rewrite(text).content == expected


@pytest.mark.parametrize(
    "text", ["", "  5  ", '" a "', "[1,]", "{'a': 1}", "[NaN]", "[01]", "[1] x"]
)
def test_what_is_no_json_object_or_array_stays_as_it_is(text):
    assert rewrite(text).content == text


def test_json_nested_too_deeply_stays_as_it_is_and_says_so():
    deep = "[ " * 100_000 + "]" * 100_000
    rewritten = rewrite(deep)

    assert rewritten.content == deep
    assert "nested too deeply" in rewritten.hindrance
