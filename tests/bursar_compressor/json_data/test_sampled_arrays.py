"""A long array comes down to samples and outliers, is still JSON, and can be restored."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_compressor.detection import Kind
from bursar_compressor.json_data.sampled_arrays import rewrite
from bursar_compressor.parts import part_of
from bursar_compressor.rewriting import Options

REFERENCE = f"blob_{'f' * 64}"
OPTIONS = Options(Kind.JSON, REFERENCE, len)
MARKER = re.compile(r'"\[bursar: \d+ items like these are left out: (\S+?)(?: of blob_\w+)?\]"')


def records(count: int) -> list[dict[str, object]]:
    return [
        {"id": at, "state": "open", "size": 10 + at % 7, "title": f"a title, number {at}"}
        for at in range(count)
    ]


def restored(content: str, original: str) -> str:
    """What was left out, put in again."""
    source = original.encode()
    return MARKER.sub(lambda found: part_of(found[1]).of(source).decode(), content)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.integers(0, 9) | st.sampled_from(["a string of words", "漢字", '"[,', None, True]),
        lambda inner: (
            st.lists(inner, max_size=30)
            | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
            | st.builds(lambda value, times: [value] * times, inner, st.integers(20, 40))
        ),
        max_leaves=40,
    ),
    st.sampled_from([None, 1]),
)
def test_what_is_left_out_put_in_again_is_the_text_and_what_is_left_is_json(data, indent):
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    rewritten = rewrite(text, OPTIONS)

    json.loads(rewritten.content)
    assert restored(rewritten.content, text) == text
    assert len(MARKER.findall(rewritten.content)) == len(rewritten.elided)
    assert not rewritten.elided or REFERENCE in rewritten.content


@pytest.mark.parametrize(
    "needle",
    [
        {"id": 50, "state": "closed"},
        {"id": 50, "state": "held", "size": 11, "title": "as others"},
        {"id": 50, "state": "open", "size": 99_999, "title": "as others"},
        {"id": 50, "state": "open", "size": 11, "title": "the broker failed"},
    ],
)
def test_an_item_unlike_the_others_is_always_shown(needle):
    items = records(200)
    items.insert(77, needle)
    left = json.loads(rewrite(json.dumps({"items": items}), OPTIONS).content)["items"]

    assert needle in left
    assert len(left) < 12


def test_what_is_asked_for_is_shown():
    options = Options(Kind.JSON, REFERENCE, len, query="which is 123")
    left = rewrite(json.dumps(records(200)), options).content

    assert "a title, number 123" in left


def test_a_reader_sees_samples_and_how_many_more_there_are():
    left = json.loads(rewrite(json.dumps(records(30)), OPTIONS).content)

    assert left[:3] == records(3)
    assert left[3].startswith("[bursar: 26 items like these are left out: B")
    assert left[4:] == records(30)[-1:]


@pytest.mark.parametrize("text", ["[1, 2, 3]", "{}", "[" * 9_000 + "]" * 9_000, "no JSON ["])
def test_what_has_no_long_array_stays_as_it_is(text):
    assert rewrite(text, OPTIONS).content == text
