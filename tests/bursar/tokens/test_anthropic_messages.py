"""Anthropic's message format, against input tokens that the API itself reported.

Reported: the examples on Anthropic's page on token counting (14, and 403 for the tool) and
the frames that PyPI's ctok 1.3 found ("hello, world" on Claude 3 to 4.6: 10; 4.7: 15; 5: 10).
"""

import pytest

from bursar.tokens.chats import ChatFormat, bound_chat, count_chat

ANTHROPIC = ChatFormat.ANTHROPIC_MESSAGES
OPUS_5 = "claude-opus-5"
WEATHER = {
    "messages": [{"role": "user", "content": "What's the weather like in San Francisco?"}],
    "tools": [
        {
            "name": "get_weather",
            "description": "Get the current weather in a given location",
            "input_schema": {
                "type": "object",
                "properties": {
                    "location": {
                        "type": "string",
                        "description": "The city and state, e.g. San Francisco, CA",
                    }
                },
                "required": ["location"],
            },
        }
    ],
}


def count(request, model=OPUS_5):
    return count_chat(request, model, ANTHROPIC)


def asked(content, **more):
    return {"messages": [{"role": "user", "content": content}], **more}


@pytest.mark.parametrize(
    ("model", "request_body", "reported"),
    [
        ("claude-sonnet-4-5", asked("Hello, Claude", system="You are a scientist"), 14),
        (OPUS_5, asked("Hello, Claude", system="You are a scientist"), 14),
        ("claude-3-5-sonnet-20241022", asked("hello, world"), 10),
        ("claude-opus-4-7", asked("hello, world"), 15),
        (OPUS_5, asked("hello, world"), 10),
        ("claude-sonnet-4-20250514", WEATHER, 403),
    ],
)
def test_the_estimate_is_near_what_the_api_reported_and_its_bound_holds(
    model, request_body, reported
):
    found = count(request_body, model)
    assert found.is_estimate
    assert abs(found.tokens - reported) <= max(5, reported // 20)
    assert found.bound_tokens >= reported
    assert bound_chat(request_body, model, ANTHROPIC) == found.bound_tokens


def test_the_prompt_that_enables_tools_depends_on_the_model_and_the_choice():
    forced = {**WEATHER, "tool_choice": {"type": "any"}}
    assert count(forced, "claude-opus-4-8").tokens - count(WEATHER, "claude-opus-4-8").tokens == 120
    assert (
        count(WEATHER, "claude-opus-4-7").tokens - count(WEATHER, "claude-opus-4-8").tokens == 385
    )


def test_marks_for_the_prompt_cache_cost_nothing():
    mark = {"cache_control": {"type": "ephemeral"}}
    block = {"type": "text", "text": "hello"}
    marked_tool = {**WEATHER["tools"][0], **mark}
    assert count(asked([block])) == count(asked([{**block, **mark}])) == count(asked("hello"))
    assert count({**WEATHER, "tools": [marked_tool]}) == count(WEATHER)


def test_a_tool_call_and_its_result_count_their_content():
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Rome"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny " * 100}
    alone = count({"messages": [{"role": "assistant", "content": [call]}]})
    both = count(
        {
            "messages": [
                {"role": "assistant", "content": [call]},
                {"role": "user", "content": [result]},
            ]
        }
    )
    assert alone.tokens > 7 + 12
    assert both.tokens - alone.tokens > 160
    blocks = {**result, "content": [{"type": "text", "text": "sunny " * 100}]}
    assert count(asked([blocks])) == count(asked([result]))


def test_thinking_documents_and_unknown_blocks_count():
    plain = count(asked("hello"))
    for block in (
        {"type": "thinking", "thinking": "let me see, step by step", "signature": "x" * 400},
        {"type": "redacted_thinking", "data": "x" * 40},
        {"type": "document", "source": {"type": "text", "data": "one page of plain text"}},
        {"type": "search_result", "title": "a title", "content": [{"type": "text", "text": "x"}]},
    ):
        found = count(asked([{"type": "text", "text": "hello"}, block]))
        assert plain.tokens < found.tokens < plain.tokens + 60


def test_a_tool_of_anthropics_own_counts_by_its_kind():
    bash = count({**asked("hello"), "tools": [{"type": "bash_20250124", "name": "bash"}]})
    assert bash.tokens == count(asked("hello")).tokens + 354 + 245
    other = count({**asked("hello"), "tools": [{"type": "web_search_20250305", "name": "s"}]})
    assert other.bound_tokens > 4_000


def test_a_schema_for_the_answer_counts():
    schema = {"type": "json_schema", "schema": {"type": "object", "properties": {"ok": {}}}}
    assert count(asked("x", output_config={"format": schema})).tokens > count(asked("x")).tokens + 8
    assert count(asked("x", output_format=schema)) == count(
        asked("x", output_config={"format": schema})
    )


def test_the_format_serves_models_of_other_makers_too():
    found = count(asked("hello"), "smollm2-135m-instruct")
    assert "SmolLM2" in found.reason
    assert found.tokens == 9
