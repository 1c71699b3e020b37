"""What the official SDKs make of a replayed answer: the same as of the answer itself."""

import json

import anthropic
import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletion

from bursar.dialects import anthropic_messages, openai_chat
from bursar.dialects.refusal import RefusalKind

ANTHROPIC_ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-8",
    "content": [
        {"type": "thinking", "thinking": "Where could it be? " * 9, "signature": "c2ln"},
        {"type": "text", "text": "I will look é everywhere. " * 9},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": ["a", {"b": 1.5}]}},
        {"type": "tool_use", "id": "toolu_2", "name": "wait", "input": {}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 12,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 500,
        "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200},
        "output_tokens": 40,
    },
}
OPENAI_ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "gpt-4o-2024-08-06",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "I will look é everywhere. " * 9,
                "refusal": None,
                "tool_calls": [
                    {
                        "id": f"call_{place}",
                        "type": "function",
                        "function": {"name": "look", "arguments": '{"at": "' + "x" * 99 + '"}'},
                    }
                    for place in range(2)
                ],
            },
            "logprobs": None,
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 1512, "completion_tokens": 40, "total_tokens": 1552},
}


def transport(events):
    def answer(request):
        headers = {"content-type": "text/event-stream"}
        return httpx2.Response(200, headers=headers, content=iter(events))

    return httpx2.MockTransport(answer)


def anthropic_client(events):
    http = anthropic.DefaultHttpxClient(transport=transport(events))
    return anthropic.Anthropic(api_key="k", http_client=http, max_retries=0)


def openai_client(events):
    http = openai.DefaultHttpxClient(transport=transport(events))
    return openai.OpenAI(api_key="k", http_client=http, max_retries=0)


ANTHROPIC_ASK = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
OPENAI_ASK = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_the_anthropic_sdk_folds_a_replay_into_the_answer():
    events = anthropic_messages.as_stream(json.dumps(ANTHROPIC_ANSWER).encode(), True)
    with anthropic_client(events).messages.stream(**ANTHROPIC_ASK) as stream:
        folded = stream.get_final_message()
    assert told(folded) == told(anthropic.types.Message.model_validate(ANTHROPIC_ANSWER))


def test_the_openai_sdk_folds_a_replay_into_the_answer():
    events = openai_chat.as_stream(json.dumps(OPENAI_ANSWER).encode(), True)
    with openai_client(events).chat.completions.stream(
        **OPENAI_ASK, stream_options={"include_usage": True}
    ) as stream:
        folded = stream.get_final_completion()
    whole = ChatCompletion.model_validate(OPENAI_ANSWER)
    assert told(ChatCompletion.model_validate(plain(folded))) == told(whole)


def told(answer):
    return answer.model_dump(mode="json", exclude_none=True)


def plain(folded):
    """Without what the SDK's stream adds of its own."""
    fields = told(folded)
    for call in fields["choices"][0]["message"]["tool_calls"]:
        del call["index"]
    return fields


def test_the_anthropic_sdk_raises_an_error_that_comes_inside_a_stream():
    events = list(anthropic_messages.as_stream(json.dumps(ANTHROPIC_ANSWER).encode(), True))
    error = anthropic_messages.refusal_event(RefusalKind.OVERLOADED, "overloaded", "req_1")
    client = anthropic_client([*events[:4], error])
    with (
        pytest.raises(anthropic.APIStatusError, match="overloaded"),
        client.messages.stream(**ANTHROPIC_ASK) as stream,
    ):
        stream.until_done()


def test_the_openai_sdk_raises_an_error_that_comes_inside_a_stream():
    events = list(openai_chat.as_stream(json.dumps(OPENAI_ANSWER).encode(), True))
    error = openai_chat.refusal_event(RefusalKind.OVERLOADED, "overloaded", "req_1")
    client = openai_client([*events[:4], error])
    with pytest.raises(openai.APIError, match="overloaded"):
        list(client.chat.completions.create(**OPENAI_ASK, stream=True))
