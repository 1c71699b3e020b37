import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_simulator import tool_inputs
from bursar_simulator.domain import MARK, Stop, Wish, reply_to

wishes = st.builds(
    Wish,
    seed=st.binary(min_size=8, max_size=32),
    about=st.text(max_size=48),
    bound_tokens=st.integers(1, 200),
    target_tokens=st.integers(0, 300),
    tool_name=st.sampled_from(["", "look"]),
    tool_input_json=st.just('{"at":"here"}'),
    is_thinking=st.booleans(),
)


def count_words(text):
    return len(text.split())


@given(wishes)
def test_an_answer_is_marked_within_its_bound_and_always_the_same(wish):
    reply = reply_to(wish, count_words)
    assert MARK in reply.text
    assert 0 < reply.output_tokens <= wish.bound_tokens
    assert reply.reasoning_tokens <= reply.output_tokens
    assert reply_to(wish, count_words) == reply


@given(wishes)
def test_an_answer_says_why_it_stopped(wish):
    reply = reply_to(wish, count_words)
    assert (reply.stop is Stop.TOOL) == bool(reply.tool_name)
    if reply.stop is Stop.BOUND:
        assert reply.output_tokens == wish.bound_tokens


def test_a_wanted_length_is_met():
    wish = Wish(seed=b"s", about="x", bound_tokens=1_000, target_tokens=300)
    reply = reply_to(wish, count_words)
    assert (reply.output_tokens, reply.stop) == (300, Stop.END)


def test_a_bound_below_the_wanted_length_cuts_and_says_so():
    wish = Wish(seed=b"s", about="x", bound_tokens=100, target_tokens=300)
    reply = reply_to(wish, count_words)
    assert (reply.output_tokens, reply.stop) == (100, Stop.BOUND)


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({"type": "object"}, {}),
        (None, {}),
        (
            {
                "type": "object",
                "required": ["path", "line"],
                "properties": {
                    "path": {"type": "string"},
                    "line": {"type": "integer", "minimum": 3},
                    "other": {"type": "string"},
                },
            },
            {"path": MARK, "line": 3},
        ),
        (
            {
                "properties": {
                    "mode": {"enum": ["fast", "slow"]},
                    "is_dry": {"type": "boolean"},
                    "lines": {"type": "array", "minItems": 1, "items": {"const": 7}},
                    "either": {"anyOf": [{"type": "null"}, {"type": "string"}]},
                    "deep": {"type": "object", "properties": {"x": {"type": ["number", "null"]}}},
                }
            },
            {"mode": "fast", "is_dry": False, "lines": [7], "either": None, "deep": {"x": 1}},
        ),
    ],
)
def test_a_tools_input_is_the_least_that_its_schema_accepts(schema, made):
    assert tool_inputs.made_from(schema) == made


def test_a_schema_without_end_is_followed_to_a_depth():
    schema = {"type": "object", "properties": {}}
    schema["properties"]["again"] = schema
    assert json.dumps(tool_inputs.made_from(schema)).count("again") == tool_inputs.DEPTH_MAX + 1
