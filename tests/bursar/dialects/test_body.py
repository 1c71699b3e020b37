import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.dialects import body
from bursar.errors import InvalidRequest

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), json_values, max_size=5)


@given(objects)
def test_every_json_object_is_read_as_it_is_however_it_was_spaced(fields):
    assert body.decode(json.dumps(fields).encode()) == fields
    assert body.decode(json.dumps(fields, indent=1, ensure_ascii=False).encode()) == fields
    assert body.decode(json.dumps(fields, separators=(",", ":")).encode()) == fields


@pytest.mark.parametrize(
    "text",
    [
        b'{"model":"small","model":"large"}',
        b'{"model":"small","mod\\u0065l":"large"}',
        b'{ "a": {"b": 1}, "a": {"b": 1} }',
        b'{"aaaaaaaa": 1, "b": 2, "b": 3}',
        b'{"a":1,"b":2,"c":3,"d":4,"a":1}',
        b'{"a":1,"b":2,"c":3,"d":4,"e":5,"ab":1,"a":10}',
    ],
)
def test_a_field_given_twice_is_refused_because_readers_differ_on_which_counts(text):
    with pytest.raises(InvalidRequest, match="once"):
        body.decode(text)


def test_the_same_name_at_another_depth_is_no_repetition():
    assert body.decode(b'{ "a": {"b": 1}, "b": [{"a": 1}] }') == {"a": {"b": 1}, "b": [{"a": 1}]}


@pytest.mark.parametrize("text", [b"", b"[]", b'"x"', b"{", b'{"a":NaN}', b"\xff", b'{"a":1}x'])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(InvalidRequest) as refused:
        body.decode(text)
    assert refused.value.violations[0].field == "body"


def test_a_body_nested_without_end_is_refused_and_not_a_crash():
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(InvalidRequest):
        body.decode(deep)
    with pytest.raises(InvalidRequest):
        body.decode(b" " + deep)
    assert body.decode_object(deep) is None


def test_setting_a_field_leaves_the_bytes_of_all_others():
    changed = body.with_fields(b'{"seed": 1.50, "x":"\\u0041", "max": 5}', {"max": 7, "new": [1]})
    assert changed == b'{"seed":1.50,"x":"\\u0041","max":7,"new":[1]}'


@given(objects, st.randoms())
def test_the_canonical_form_does_not_depend_on_order_or_spacing(fields, random):
    names = list(fields)
    random.shuffle(names)
    shuffled = {name: fields[name] for name in names}
    again = json.loads(json.dumps(shuffled, indent=2))
    assert body.canonical(again) == body.canonical(fields)


@given(objects)
def test_the_canonical_form_loses_nothing(fields):
    assert msgspec.json.decode(body.canonical(fields)) == fields


def test_a_whole_number_written_as_a_float_is_the_same_number():
    assert body.canonical({"temperature": 1.0}) == body.canonical({"temperature": 1})
    assert body.canonical({"temperature": 0.5}) != body.canonical({"temperature": 0})
