import json

import pytest

from bursar.dialects import anthropic_messages as dialect
from bursar.dialects.caching import CachePolicy, Uncacheable
from bursar.dialects.refusal import RefusalKind
from bursar.errors import InvalidRequest
from bursar.prices.usage import Usage

ASK = {"model": "claude-opus-4-8", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-8",
    "content": [{"type": "text", "text": "Hello."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


def read(**fields):
    return dialect.facts(json.dumps({**ASK, **fields}).encode())


def test_the_facts_of_a_request_are_what_it_says():
    facts = read(stream=True, temperature=0.5, tools=[{"name": "t", "input_schema": {}}])
    assert (facts.model, facts.is_streaming, facts.has_tools) == ("claude-opus-4-8", True, True)
    assert (facts.max_output_tokens, facts.output_bound_tokens, facts.temperature) == (9, 9, 0.5)
    assert facts.is_usage_streamed
    assert facts.body["messages"] == ASK["messages"]


def test_fields_that_nobody_knows_yet_are_accepted():
    assert read(context_management={"edits": []}, thinking={"type": "adaptive"}).answers == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", None),
        ("model", ""),
        ("model", 5),
        ("messages", None),
        ("messages", []),
        ("messages", "hi"),
        ("max_tokens", 0),
        ("max_tokens", True),
        ("max_tokens", 1.5),
        ("stream", "yes"),
        ("temperature", "hot"),
    ],
)
def test_a_field_that_cannot_be_read_is_named_and_its_content_is_not_shown(field, value):
    with pytest.raises(InvalidRequest) as refused:
        read(**{field: value})
    assert refused.value.violations[0].field == field
    assert "hi" not in refused.value.violations[0].value


def test_a_request_without_a_bound_says_so_and_can_be_given_one():
    body = json.dumps({name: ASK[name] for name in ("model", "messages")}).encode()
    assert dialect.facts(body).output_bound_tokens is None
    assert dialect.facts(dialect.with_max_output_tokens(body, 77)).output_bound_tokens == 77


def test_the_canonical_key_form_is_this():
    facts = read(stream=True, temperature=1.0, metadata={"user_id": "me"}, system="Be brief.")
    assert dialect.canonical_key_form(facts) == (
        b'{"max_tokens":9,"messages":[{"content":"hi","role":"user"}],'
        b'"model":"claude-opus-4-8","system":"Be brief.","temperature":1}'
    )


@pytest.mark.parametrize(
    "change",
    [
        {"max_tokens": 10},
        {"system": "x"},
        {"temperature": 0},
        {"tools": [{"name": "t"}]},
        {"messages": [{"role": "user", "content": "ho"}]},
        {"metadata": {"other": 1}},
        {"something_new": 1},
    ],
)
def test_all_that_changes_the_answer_changes_the_key(change):
    assert dialect.canonical_key_form(read(**change)) != dialect.canonical_key_form(read())


def test_marks_for_the_providers_cache_do_not_change_the_key():
    mark = {"cache_control": {"type": "ephemeral"}}

    def ask(marks):
        result = {"type": "tool_result", "content": [{"type": "text", "text": "r", **marks}]}
        return read(
            system=[{"type": "text", "text": "s", **marks}],
            tools=[{"name": "t", "input_schema": {}, **marks}],
            messages=[
                {"role": "user", "content": [{"type": "text", "text": "q", **marks}, result]}
            ],
            **marks,
        )

    assert dialect.canonical_key_form(ask(mark)) == dialect.canonical_key_form(ask({}))


def test_the_same_name_inside_a_tools_arguments_is_data_and_stays():
    def ask(value):
        call = {"type": "tool_use", "input": {"cache_control": value}}
        return read(messages=[{"role": "assistant", "content": [call]}])

    assert dialect.canonical_key_form(ask(1)) != dialect.canonical_key_form(ask(2))


def why(answer, policy=CachePolicy(), **fields):  # noqa: B008 - frozen
    return dialect.why_uncacheable(
        read(**{"temperature": 0, **fields}), json.dumps(answer).encode(), policy
    )


def test_a_complete_answer_at_temperature_zero_may_be_kept():
    assert why(ANSWER) is None


def test_sampled_answers_are_kept_only_when_asked_for():
    assert why(ANSWER, temperature=0.1) is Uncacheable.SAMPLED
    assert why(ANSWER, temperature=None) is Uncacheable.SAMPLED
    assert why(ANSWER, CachePolicy(are_sampled_allowed=True), temperature=1) is None


def test_answers_that_call_tools_are_kept_only_when_asked_for():
    calling = {
        **ANSWER,
        "stop_reason": "tool_use",
        "content": [{"type": "tool_use", "id": "t", "name": "n", "input": {}}],
    }
    assert why(calling) is Uncacheable.TOOL_CALL
    assert why(calling, CachePolicy(are_tool_calls_allowed=True)) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"stop_reason": "max_tokens"}, Uncacheable.TRUNCATED),
        ({"stop_reason": "model_context_window_exceeded"}, Uncacheable.TRUNCATED),
        ({"stop_reason": "pause_turn"}, Uncacheable.NOT_FINISHED),
        ({"stop_reason": None}, Uncacheable.NOT_FINISHED),
        ({"stop_reason": "something_new"}, Uncacheable.NOT_FINISHED),
        ({"stop_reason": "refusal"}, Uncacheable.REFUSED),
        ({"content": [{"type": "web_search_tool_result"}]}, Uncacheable.LIVE_DATA),
        ({"type": "error"}, Uncacheable.FAILED),
    ],
)
def test_an_answer_that_is_not_a_complete_one_is_never_kept(change, reason):
    assert why({**ANSWER, **change}, CachePolicy(are_sampled_allowed=True)) is reason


def test_nothing_is_kept_when_the_caller_said_so():
    assert why(ANSWER, CachePolicy(is_store_refused=True)) is Uncacheable.NO_STORE


def usage_of(**usage):
    return dialect.usage_in_response(json.dumps({**ANSWER, "usage": usage}).encode())


def test_usage_becomes_totals_with_the_cached_parts_beside_them():
    assert usage_of(
        input_tokens=12,
        cache_read_input_tokens=1000,
        cache_creation_input_tokens=500,
        cache_creation={"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200},
        output_tokens=40,
        output_tokens_details={"thinking_tokens": 30},
    ) == Usage(1512, 1000, 300, 200, 40, 30)


def test_the_providers_own_compaction_of_a_context_is_billed_on_top():
    step = {"type": "compaction", "input_tokens": 100, "output_tokens": 20}
    turn = {"type": "message", "input_tokens": 3, "output_tokens": 2}
    assert usage_of(input_tokens=3, output_tokens=2, iterations=[step, turn]) == Usage(
        input_tokens=103, output_tokens=22
    )


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"usage":null}', b'{"usage":[]}'])
def test_usage_that_is_not_there_is_none_and_not_zero(body):
    assert dialect.usage_in_response(body) is None


def test_a_spent_budget_is_a_400_that_no_client_retries():
    refusal = dialect.refusal(RefusalKind.BUDGET_SPENT, "spent", "req_1", retry_after_s=60)
    assert refusal.status == 400
    assert dict(refusal.headers)["x-should-retry"] == "false"
    assert "retry-after" not in dict(refusal.headers)
    assert json.loads(refusal.body) == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "spent"},
        "request_id": "req_1",
    }


def test_an_overload_is_a_529_that_says_when_to_come_back():
    refusal = dialect.refusal(RefusalKind.OVERLOADED, "full", "req_1", retry_after_s=2)
    assert (refusal.status, dict(refusal.headers)["retry-after"]) == (529, "2")
    assert "x-should-retry" not in dict(refusal.headers)


@pytest.mark.parametrize("kind", RefusalKind)
def test_every_refusal_has_its_shape(kind):
    refusal = dialect.refusal(kind, "m", "req_1")
    assert 400 <= refusal.status < 600
    assert json.loads(refusal.body)["error"]["message"] == "m"
    assert ("x-should-retry", "false") in refusal.headers or kind.is_worth_retrying


def test_the_text_and_the_calls_of_an_answer_are_read():
    answer = {
        **ANSWER,
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "One. "},
            {"type": "text", "text": "Two."},
            {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "x"}},
        ],
    }
    body = json.dumps(answer).encode()
    assert dialect.text_of(body) == "One. Two."
    (call,) = dialect.tool_calls_of(body)
    assert (call.tool_call_id, call.name, call.arguments_json) == ("t1", "look", '{"at":"x"}')
    assert dialect.text_of(b"<html>") == ""
    assert dialect.tool_calls_of(b"<html>") == ()


def test_a_key_is_read_where_it_is_sent():
    assert dict(dialect.credentials("k")) == {"x-api-key": "k"}
    assert dialect.credentials_in(dict(dialect.credentials("k"))) == "k"
    assert dialect.credentials_in({"authorization": "Bearer k"}) == "k"
    assert dialect.credentials_in({}) == ""
