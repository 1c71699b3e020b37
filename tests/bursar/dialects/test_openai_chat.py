import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.dialects import openai_chat as dialect
from bursar.dialects import usage
from bursar.dialects.caching import CachePolicy, Uncacheable
from bursar.dialects.refusal import RefusalKind
from bursar.errors import InvalidRequest
from bursar.prices.usage import Usage

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
MESSAGE = {"role": "assistant", "content": "Hello.", "refusal": None, "annotations": []}
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": MESSAGE, "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def read(**fields):
    return dialect.facts(json.dumps({**ASK, **fields}).encode())


def test_the_facts_of_a_request_are_what_it_says():
    facts = read(stream=True, temperature=0, tools=[{"type": "function"}], max_tokens=9)
    assert (facts.model, facts.is_streaming, facts.has_tools) == ("gpt-4o", True, True)
    assert (facts.max_output_tokens, facts.temperature) == (9, 0)
    assert not facts.is_usage_streamed
    assert read(stream=True, stream_options={"include_usage": True}).is_usage_streamed


def test_the_bound_holds_for_all_answers_and_whichever_field_the_server_obeys():
    assert read().output_bound_tokens is None
    assert read(max_completion_tokens=10, n=3).output_bound_tokens == 30
    assert read(max_completion_tokens=10, max_tokens=20).output_bound_tokens == 20


@pytest.mark.parametrize(
    ("field", "value"),
    [("model", 1), ("messages", {}), ("max_tokens", -1), ("n", 0), ("max_completion_tokens", "9")],
)
def test_a_field_that_cannot_be_read_is_named(field, value):
    with pytest.raises(InvalidRequest) as refused:
        read(**{field: value})
    assert refused.value.violations[0].field == field


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({"max_tokens": 5}, "max_tokens"),
        ({"max_completion_tokens": 5}, "max_completion_tokens"),
        ({"max_tokens": None}, "max_completion_tokens"),
        ({"model": "o3"}, "max_completion_tokens"),
        ({"model": "llama3.2"}, "max_tokens"),
    ],
)
def test_a_bound_goes_where_the_request_has_it_or_its_model_takes_it(fields, changed):
    body = dialect.with_max_output_tokens(json.dumps({**ASK, **fields}).encode(), 77)
    assert json.loads(body)[changed] == 77
    assert dialect.facts(body).output_bound_tokens == 77


def test_a_stream_is_told_to_bring_its_usage_and_keeps_its_other_options():
    body = json.dumps({**ASK, "stream_options": {"include_obfuscation": False}}).encode()
    changed = json.loads(dialect.with_usage_in_stream(body))
    assert changed["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert {**changed, "stream_options": 0} == {**ASK, "stream_options": 0}


def test_the_canonical_key_form_is_this():
    facts = read(
        stream=True,
        stream_options={"include_usage": True},
        user="me",
        metadata={"a": "b"},
        store=True,
        prompt_cache_key="k",
        client_metadata={},
        safety_identifier="s",
        temperature=0.0,
    )
    assert dialect.canonical_key_form(facts) == (
        b'{"messages":[{"content":"hi","role":"user"}],"model":"gpt-4o","temperature":0}'
    )


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"n": 2}, {"tools": [{}]}, {"response_format": {"type": "json"}}, {"new": 1}],
)
def test_all_that_changes_the_answer_changes_the_key(change):
    assert dialect.canonical_key_form(read(**change)) != dialect.canonical_key_form(read())


def why(policy=CachePolicy(), ask=None, choice=None, message=None):  # noqa: B008 - frozen
    answered = {**ANSWER["choices"][0], "message": {**MESSAGE, **(message or {})}, **(choice or {})}
    answer = {**ANSWER, "choices": [answered]}
    facts = read(**{"temperature": 0, **(ask or {})})
    return dialect.why_uncacheable(facts, json.dumps(answer).encode(), policy)


def test_a_complete_answer_at_temperature_zero_may_be_kept():
    assert why() is None


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"ask": {"temperature": 0.7}}, Uncacheable.SAMPLED),
        ({"ask": {"temperature": None}}, Uncacheable.SAMPLED),
        ({"ask": {"n": 2}}, Uncacheable.SEVERAL_ANSWERS),
        ({"choice": {"finish_reason": "length"}}, Uncacheable.TRUNCATED),
        ({"choice": {"finish_reason": "content_filter"}}, Uncacheable.REFUSED),
        ({"choice": {"finish_reason": None}}, Uncacheable.NOT_FINISHED),
        ({"choice": {"message": None}}, Uncacheable.FAILED),
        ({"message": {"refusal": "No."}}, Uncacheable.REFUSED),
        ({"message": {"tool_calls": [{}]}}, Uncacheable.TOOL_CALL),
        ({"message": {"annotations": [{}]}}, Uncacheable.LIVE_DATA),
        ({"policy": CachePolicy(is_store_refused=True)}, Uncacheable.NO_STORE),
    ],
)
def test_an_answer_that_may_not_be_kept_says_why(arguments, reason):
    assert why(**arguments) is reason


@pytest.mark.parametrize("body", [b"<html>", b'{"error":{}}', b'{"choices":[]}'])
def test_an_error_is_never_kept(body):
    assert dialect.why_uncacheable(read(temperature=0), body, CachePolicy()) is Uncacheable.FAILED


def usage_of(**usage):
    return dialect.usage_in_response(json.dumps({**ANSWER, "usage": usage}).encode())


def test_usage_is_read_with_its_parts():
    assert usage_of(
        prompt_tokens=2000,
        completion_tokens=50,
        total_tokens=2050,
        prompt_tokens_details={"cached_tokens": 1024, "cache_write_tokens": 512},
        completion_tokens_details={"reasoning_tokens": 40},
    ) == Usage(2000, 1024, 512, 0, 50, 40)


def test_reasoning_that_a_server_hides_in_the_total_is_output():
    assert usage_of(
        prompt_tokens=10,
        completion_tokens=5,
        total_tokens=35,
        completion_tokens_details={"reasoning_tokens": 20},
    ) == Usage(input_tokens=10, output_tokens=25, reasoning_tokens=20)


def test_parts_never_exceed_their_whole():
    assert usage_of(
        prompt_tokens=10,
        completion_tokens=5,
        prompt_tokens_details={"cached_tokens": 99, "cache_write_tokens": 9},
    ) == Usage(input_tokens=10, cached_input_tokens=10, output_tokens=5)


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"usage":null}', b'{"usage":{}}'])
def test_usage_that_is_not_there_is_none_and_not_zero(body):
    assert dialect.usage_in_response(body) is None


def test_a_spent_budget_is_a_400_that_no_client_retries():
    refusal = dialect.refusal(RefusalKind.BUDGET_SPENT, "spent", "req_1", retry_after_s=60)
    assert refusal.status == 400
    assert dict(refusal.headers)["x-should-retry"] == "false"
    assert json.loads(refusal.body)["error"] == {
        "message": "spent",
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }


@pytest.mark.parametrize("kind", RefusalKind)
def test_every_refusal_has_its_shape(kind):
    refusal = dialect.refusal(kind, "m", "req_1", retry_after_s=3)
    assert 400 <= refusal.status < 600
    assert json.loads(refusal.body)["error"]["message"] == "m"
    assert (("retry-after", "3") in refusal.headers) == kind.is_worth_retrying


def test_the_text_and_the_calls_of_an_answer_are_read():
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
    message = {**MESSAGE, "tool_calls": [call]}
    body = json.dumps({"choices": [{"message": message}]}).encode()
    assert dialect.text_of(body) == "Hello."
    (read_call,) = dialect.tool_calls_of(body)
    assert (read_call.tool_call_id, read_call.name) == ("c1", "look")
    assert dialect.text_of(b"<html>") == ""


def test_a_key_is_read_where_it_is_sent():
    assert dict(dialect.credentials("k")) == {"authorization": "Bearer k"}
    assert dialect.credentials_in(dict(dialect.credentials("k"))) == "k"
    assert dialect.credentials_in({"authorization": "Bearer k"}) == "k"
    assert dialect.credentials_in({}) == ""


COUNTS = st.none() | st.integers(-2, 40) | st.just(3.0) | st.just("x")
DETAILS = st.none() | st.dictionaries(
    st.sampled_from(["cached_tokens", "cache_write_tokens", "reasoning_tokens", "audio_tokens"]),
    COUNTS,
)


@given(
    st.dictionaries(
        st.sampled_from(["prompt_tokens", "completion_tokens", "total_tokens"]), COUNTS
    ),
    st.dictionaries(
        st.sampled_from(["prompt_tokens_details", "completion_tokens_details"]), DETAILS
    ),
)
def test_the_short_way_reads_what_the_long_way_reads(counts, details):
    reported = {**counts, **details}
    short = usage._usual_openai_usage(reported)

    assert short is None or short == usage._tidied_openai_usage(reported)
