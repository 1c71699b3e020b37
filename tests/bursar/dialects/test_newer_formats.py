"""OpenAI's Responses and Gemini: read, bounded, streamed, folded, refused."""

import json

import pytest

from bursar.dialects import gemini, openai_responses
from bursar.dialects.caching import CachePolicy, Uncacheable
from bursar.dialects.refusal import RefusalKind
from bursar.executor.v1 import executor_pb2 as executor
from bursar.prices.usage import Usage
from bursar.tokens.chats import count_chat

CALL = executor.GenerateRequest(
    model="gpt-4o",
    max_output_tokens=50,
    messages=[
        executor.Message(role=executor.ROLE_SYSTEM, text="Be brief."),
        executor.Message(role=executor.ROLE_USER, text="Where is it?"),
        executor.Message(
            role=executor.ROLE_ASSISTANT,
            tool_calls=[
                executor.ToolCall(tool_call_id="t1", name="look", arguments_json='{"at":"a"}')
            ],
        ),
        executor.Message(role=executor.ROLE_TOOL, tool_call_id="t1", text="a key"),
    ],
    tools=[
        executor.Tool(name="look", description="Looks.", parameters_json_schema='{"type":"object"}')
    ],
)
RESPONSE = json.dumps(
    {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "model": "gpt-4o",
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": "In the box. " * 9, "annotations": []}],
            },
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "call_1",
                "name": "look",
                "arguments": '{"at":"box"}',
                "status": "completed",
            },
        ],
        "usage": {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 40},
            "output_tokens": 30,
            "output_tokens_details": {"reasoning_tokens": 5},
            "total_tokens": 130,
        },
    }
).encode()
CONTENTS = json.dumps(
    {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [
                        {"text": "Hm.", "thought": True},
                        {"text": "In the box. " * 9},
                        {"functionCall": {"id": "call_1", "name": "look", "args": {"at": "box"}}},
                    ],
                },
                "index": 0,
                "finishReason": "STOP",
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 100,
            "cachedContentTokenCount": 40,
            "candidatesTokenCount": 25,
            "thoughtsTokenCount": 5,
            "totalTokenCount": 130,
        },
        "modelVersion": "gpt-4o",
        "responseId": "resp_1",
    }
).encode()
USAGE = Usage(input_tokens=100, cached_input_tokens=40, output_tokens=30, reasoning_tokens=5)
BOTH = pytest.mark.parametrize(
    ("dialect", "answer"), [(openai_responses, RESPONSE), (gemini, CONTENTS)]
)


def request_of(dialect, call=CALL):
    """As an edge or a provider reads it."""
    body = dialect.request(call, True)
    path = dialect.address(call.model).partition("?")[0]
    return gemini.addressed(path, body) if dialect is gemini else body


def test_a_call_becomes_items_of_responses():
    assert json.loads(openai_responses.request(CALL, True)) == {
        "model": "gpt-4o",
        "instructions": "Be brief.",
        "input": [
            {"type": "message", "role": "user", "content": "Where is it?"},
            {
                "type": "function_call",
                "call_id": "t1",
                "name": "look",
                "arguments": '{"at":"a"}',
            },
            {"type": "function_call_output", "call_id": "t1", "output": "a key"},
        ],
        "max_output_tokens": 50,
        "temperature": 0,
        "store": False,
        "stream": True,
        "tools": [
            {
                "type": "function",
                "name": "look",
                "description": "Looks.",
                "parameters": {"type": "object"},
                "strict": False,
            }
        ],
    }


def test_a_call_becomes_contents_of_gemini():
    assert json.loads(gemini.request(CALL, True)) == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Where is it?"}]},
            {
                "role": "model",
                "parts": [{"functionCall": {"id": "t1", "name": "look", "args": {"at": "a"}}}],
            },
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "id": "t1",
                            "name": "look",
                            "response": {"output": "a key"},
                        }
                    }
                ],
            },
        ],
        "generationConfig": {"maxOutputTokens": 50, "temperature": 0},
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "look",
                        "description": "Looks.",
                        "parametersJsonSchema": {"type": "object"},
                    }
                ]
            }
        ],
    }


def test_the_path_of_gemini_tells_the_model_and_whether_it_streams():
    assert gemini.addressed("/v1beta/models", b"{}") is None
    plain = gemini.addressed("/v1beta/models/g:generateContent", b'{"contents":[{"parts":[]}]}')
    facts = gemini.facts(plain)
    assert (facts.model, facts.is_streaming) == ("g", False)


@BOTH
def test_every_request_of_ours_is_bounded_and_read_back_as_it_was_meant(dialect, answer):
    facts = dialect.facts(request_of(dialect))
    assert (facts.model, facts.output_bound_tokens, facts.is_streaming) == ("gpt-4o", 50, True)
    assert facts.has_tools
    assert facts.temperature == 0
    bounded = dialect.facts(dialect.with_max_output_tokens(request_of(dialect), 7))
    assert bounded.output_bound_tokens == 7
    assert bounded.temperature == 0


@BOTH
def test_the_words_of_a_request_are_counted_wherever_the_format_puts_them(dialect, answer):
    def tokens(text):
        call = executor.GenerateRequest(model="gpt-4o", max_output_tokens=5)
        call.messages.add(role=executor.ROLE_SYSTEM, text=text)
        call.messages.add(role=executor.ROLE_USER, text=text)
        facts = dialect.facts(request_of(dialect, call))
        return count_chat(facts.body, "gpt-4o", dialect.CHAT_FORMAT).tokens

    assert tokens("one two three four five") - tokens("one two three") == 4


@BOTH
def test_an_answer_gives_its_words_its_calls_and_its_usage(dialect, answer):
    assert dialect.text_of(answer) == "In the box. " * 9
    (call,) = dialect.tool_calls_of(answer)
    assert (call.tool_call_id, call.name, call.arguments_json) == ("call_1", "look", '{"at":"box"}')
    assert dialect.usage_in_response(answer) == USAGE


@BOTH
@pytest.mark.parametrize("size", [1, 7, 4_096])
def test_a_stream_is_metered_and_folds_into_its_answer_however_it_is_cut(dialect, answer, size):
    stream = b"".join(dialect.as_stream(answer, True))
    meter = dialect.stream_meter(False)
    passed = b"".join(
        meter.feed(stream[start : start + size]) for start in range(0, len(stream), size)
    )
    assert passed + meter.rest() == stream
    assert meter.is_complete and not meter.has_failed
    assert (meter.answer_id, meter.model, meter.usage) == ("resp_1", "gpt-4o", USAGE)
    assert json.loads(dialect.from_stream([stream])) == json.loads(answer)


@BOTH
def test_a_stream_without_its_end_is_no_answer(dialect, answer):
    events = list(dialect.as_stream(answer, True))[:-1]
    meter = dialect.stream_meter(False)
    for event in events:
        meter.feed(event)
    assert not meter.is_complete
    assert meter.text.total_bytes >= len("In the box. " * 9)
    assert dialect.from_stream(events) is None


@BOTH
def test_an_error_inside_a_stream_is_seen(dialect, answer):
    meter = dialect.stream_meter(False)
    meter.feed(dialect.refusal_event(RefusalKind.OVERLOADED, "later", "r1"))
    assert meter.has_failed


@BOTH
def test_an_answer_that_calls_a_tool_is_kept_only_where_that_is_allowed(dialect, answer):
    facts = dialect.facts(request_of(dialect))
    allowed = CachePolicy(are_tool_calls_allowed=True)
    assert dialect.why_uncacheable(facts, answer, CachePolicy()) is Uncacheable.TOOL_CALL
    assert dialect.why_uncacheable(facts, answer, allowed) is None
    assert dialect.why_uncacheable(facts, b"{}", allowed) is Uncacheable.FAILED


@BOTH
@pytest.mark.parametrize("kind", RefusalKind)
def test_every_refusal_has_a_status_and_words(dialect, answer, kind):
    refusal = dialect.refusal(kind, "not so", "r1", 3)
    assert refusal.status >= 400
    assert json.loads(refusal.body)["error"]["message"] == "not so"
