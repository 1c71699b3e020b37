"""Coded JSON says the same: keys in their order, numbers as written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_compressor.detection import Kind
from bursar_compressor.json_data.coded_json import decoded, rewrite
from bursar_compressor.json_data.nodes import Node, Nodes, Unreadable, Value
from bursar_compressor.rewriting import Options

OPTIONS = Options(Kind.JSON, "", len)
STRINGS = st.sampled_from(["", "a", "$1", "0", "true", "a string of some length", '"\\\n', "漢"])
SCALARS = STRINGS | st.sampled_from([None, True, False, 0, 1, -1, 1.5, 10**30]) | st.integers()
DATA = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(STRINGS, inner, max_size=4)
        | st.lists(st.fixed_dictionaries({"identifier": SCALARS, "description": inner}), max_size=4)
    ),
    max_leaves=30,
).flatmap(lambda value: st.sampled_from([[value], [value, value], {"k": [value] * 3}]))


def plain(value: Value) -> object:
    """Lists of pairs for objects, so that the order of keys counts; numbers as their text."""
    if not isinstance(value, Node):
        return value
    values = list(map(plain, value.values))
    return values if value.keys is None else ("object", list(zip(value.keys, values, strict=True)))


def read(text: str) -> object:
    return plain(Nodes().read(text))


@settings(max_examples=400, deadline=None)
@given(DATA)
def test_what_is_coded_reads_back_as_the_same_data(data):
    text = json.dumps(data, ensure_ascii=False)
    rewritten = rewrite(text, OPTIONS)

    assert not rewritten.hindrance
    assert plain(decoded(rewritten.content, Nodes())) == read(text)
    json.loads(rewritten.content.partition("\n")[2])


def test_one_true_and_one_point_nought_are_not_the_same():
    text = '{"a":[1,true,1.0,"1",10e0],"b":[true,1,1.0,"1",10.0],"c":[1,true,1.0,"1",10e0]}'
    rewritten = rewrite(text, OPTIONS)

    assert plain(decoded(rewritten.content, Nodes())) == read(text)
    assert "10e0" in rewritten.content


def test_a_reader_sees_shapes_shared_values_and_the_data():
    events = [
        {"id": number, "kind": "pushed", "by": {"login": "ada", "url": "https://host/users/ada"}}
        for number in (7, 8, 9, 10)
    ]
    legend, body = rewrite(json.dumps(events, indent=2), OPTIONS).content.split("\n", 1)

    assert legend.startswith("[bursar: coded: JSON.")
    assert json.loads(body) == [
        [["id", {"kind": "pushed"}, {"by": {"login": "ada", "url": "https://host/users/ada"}}]],
        [],
        [0, [1, 7], [1, 8], [1, 9], [1, 10]],
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "a key twice"),
        ("[NaN]", "NaN"),
        ("[" * 50_000 + "]" * 50_000, "nested too deeply"),
        ("[1,]", "no JSON"),
    ],
)
def test_what_could_not_be_the_same_data_stays_as_it_is_and_says_why(text, why):
    rewritten = rewrite(text, OPTIONS)

    assert rewritten.content == text
    assert why in rewritten.hindrance


@pytest.mark.parametrize("body", ["[]", "[[],[]]", "[[],[],[5]]", "[[],[],[x]]", "[[],[],[9,1]]"])
def test_what_is_no_coded_json_is_refused(body):
    with pytest.raises(Unreadable):
        decoded(f"legend\n{body}", Nodes())
