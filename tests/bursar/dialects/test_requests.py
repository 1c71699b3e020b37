"""Calls of ours as requests of each format, and errors of ours as refusals."""

import json

import pytest

from bursar import errors
from bursar.dialects import BY_PATH, anthropic_messages, openai_chat
from bursar.dialects.refusal import RefusalKind, kind_of, retry_after_s
from bursar.executor.v1 import executor_pb2 as executor

CALL = executor.GenerateRequest(
    model="gpt-4o",
    max_output_tokens=50,
    messages=[
        executor.Message(role=executor.ROLE_SYSTEM, text="Be brief."),
        executor.Message(role=executor.ROLE_USER, text="Where is it?"),
        executor.Message(
            role=executor.ROLE_ASSISTANT,
            text="Looking.",
            tool_calls=[
                executor.ToolCall(tool_call_id="t1", name="look", arguments_json='{"at":"a"}'),
                executor.ToolCall(tool_call_id="t2", name="look"),
            ],
        ),
        executor.Message(role=executor.ROLE_TOOL, tool_call_id="t1", text="nothing"),
        executor.Message(role=executor.ROLE_TOOL, tool_call_id="t2", text="a key"),
    ],
    tools=[
        executor.Tool(name="look", description="Looks.", parameters_json_schema='{"type":"object"}')
    ],
)


def test_a_call_becomes_a_request_of_openai():
    assert json.loads(openai_chat.request(CALL, True)) == {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Where is it?"},
            {
                "role": "assistant",
                "content": "Looking.",
                "tool_calls": [
                    {
                        "id": "t1",
                        "type": "function",
                        "function": {"name": "look", "arguments": '{"at":"a"}'},
                    },
                    {
                        "id": "t2",
                        "type": "function",
                        "function": {"name": "look", "arguments": "{}"},
                    },
                ],
            },
            {"role": "tool", "content": "nothing", "tool_call_id": "t1"},
            {"role": "tool", "content": "a key", "tool_call_id": "t2"},
        ],
        "max_completion_tokens": 50,
        "temperature": 0,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "look",
                    "description": "Looks.",
                    "parameters": {"type": "object"},
                },
            }
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_call_becomes_a_request_of_anthropic():
    assert json.loads(anthropic_messages.request(CALL, False)) == {
        "model": "gpt-4o",
        "max_tokens": 50,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Where is it?"},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Looking."},
                    {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "a"}},
                    {"type": "tool_use", "id": "t2", "name": "look", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": "nothing"},
                    {"type": "tool_result", "tool_use_id": "t2", "content": "a key"},
                ],
            },
        ],
        "temperature": 0,
        "tools": [
            {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}},
        ],
    }


@pytest.mark.parametrize("dialect", BY_PATH.values())
def test_every_request_of_ours_is_bounded_and_read_back_as_it_was_meant(dialect):
    facts = dialect.facts(dialect.request(CALL, True))
    assert (facts.model, facts.output_bound_tokens, facts.is_streaming) == ("gpt-4o", 50, True)
    assert facts.has_tools
    assert facts.is_usage_streamed
    assert facts.temperature == 0


@pytest.mark.parametrize(
    ("dialect", "model", "is_sent"),
    [
        (anthropic_messages, "claude-3-haiku-20240307", True),
        (anthropic_messages, "claude-opus-4-20250514", True),
        (anthropic_messages, "claude-sonnet-4-5-20250929", True),
        (anthropic_messages, "claude-opus-4-6", True),
        (anthropic_messages, "claude-opus-4-7", False),
        (anthropic_messages, "claude-opus-4-8", False),
        (anthropic_messages, "claude-sonnet-5-5", False),
        (anthropic_messages, "llama3.2", True),
        (openai_chat, "gpt-4o", True),
        (openai_chat, "gpt-5.6-mini", False),
        (openai_chat, "o3", False),
        (openai_chat, "llama3.2", True),
    ],
)
def test_a_temperature_is_not_sent_to_models_that_refuse_it(dialect, model, is_sent):
    call = executor.GenerateRequest()
    call.CopyFrom(CALL)
    call.model = model
    assert ("temperature" in json.loads(dialect.request(call, False))) == is_sent


@pytest.mark.parametrize("dialect", BY_PATH.values())
def test_a_schema_that_is_no_json_is_refused_by_name(dialect):
    call = executor.GenerateRequest(model="m", tools=[executor.Tool(parameters_json_schema="{")])
    with pytest.raises(errors.InvalidRequest, match="parameters_json_schema"):
        dialect.request(call, False)


@pytest.mark.parametrize("error_class", errors.by_reason().values())
def test_every_error_of_ours_has_a_refusal(error_class):
    assert kind_of(error_class("m")) in RefusalKind


def test_a_spent_limit_is_told_apart_from_a_full_queue():
    assert kind_of(errors.LimitExceeded("m")) is RefusalKind.BUDGET_SPENT
    assert kind_of(errors.Overloaded("m")) is RefusalKind.OVERLOADED
    for wait_s, kind in ((60, RefusalKind.RATE_LIMITED), (61, RefusalKind.BUDGET_SPENT)):
        assert kind_of(errors.Throttled("m", retry_after_ns=wait_s * 10**9)) is kind
    assert kind_of(errors.Throttled("m")) is RefusalKind.BUDGET_SPENT
    assert kind_of(errors.LogUnavailable("m")) is RefusalKind.UNAVAILABLE


def test_the_time_to_wait_is_rounded_up():
    assert retry_after_s(errors.Overloaded("m", retry_after_ns=1_000_000_001)) == 2
    assert retry_after_s(errors.Overloaded("m")) is None
