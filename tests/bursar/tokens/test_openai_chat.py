"""OpenAI's chat format, against prompt tokens that the API itself reported.

Sources of the reported counts: OpenAI's cookbook, "How to count tokens with tiktoken", and the
cases of github.com/hmarr/openai-chat-tokens, measured on gpt-3.5-turbo.
"""

import pytest

from bursar.tokens.chats import ChatFormat, count_chat

OPENAI = ChatFormat.OPENAI_CHAT


def count(request, model):
    return count_chat(request, model, OPENAI)


def user(text):
    return {"role": "user", "content": text}


def system(text):
    return {"role": "system", "content": text}


def function(name, properties=None, description=None, required=()):
    found = {"name": name, "parameters": {"type": "object", "properties": properties or {}}}
    if description:
        found["description"] = description
    if required:
        found["parameters"]["required"] = list(required)
    return found


JARGON = [
    system(
        "You are a helpful, pattern-following assistant that translates corporate jargon into "
        "plain English."
    ),
    {
        "role": "system",
        "name": "example_user",
        "content": "New synergies will help drive top-line growth.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Things working well together will increase revenue.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "Let's circle back when we have more bandwidth to touch base on opportunities "
        "for increased leverage.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Let's talk later when we're less busy about how to do better.",
    },
    user("This late pivot means we don't have time to boil the ocean for the client deliverable."),
]
WEATHER = {
    "messages": [
        system("You are a helpful assistant that can answer to questions about the weather."),
        user("What's the weather like in San Francisco?"),
    ],
    "tools": [
        {
            "type": "function",
            "function": function(
                "get_current_weather",
                {
                    "location": {
                        "type": "string",
                        "description": "The city and state, e.g. San Francisco, CA",
                    },
                    "unit": {
                        "type": "string",
                        "description": "The unit of temperature to return",
                        "enum": ["celsius", "fahrenheit"],
                    },
                },
                "Get the current weather in a given location",
                required=["location"],
            ),
        }
    ],
}


@pytest.mark.parametrize(
    ("model", "reported"),
    [("gpt-3.5-turbo", 129), ("gpt-4-0613", 129), ("gpt-4o", 124), ("gpt-4o-mini", 124)],
)
def test_messages_with_names_count_as_the_api_reported(model, reported):
    found = count({"messages": JARGON}, model)
    assert (found.tokens, found.bound_tokens, found.is_estimate) == (reported, reported, False)


@pytest.mark.parametrize(
    ("model", "reported"), [("gpt-3.5-turbo", 105), ("gpt-4", 105), ("gpt-4o", 101)]
)
def test_a_tool_counts_as_the_api_reported(model, reported):
    found = count(WEATHER, model)
    assert found.tokens == reported
    assert found.is_estimate  # the form of tools is inferred
    assert found.bound_tokens >= reported


BING_BONG = "Do a bing bong"
REPORTED = [
    ({"messages": [user("hello")]}, 8),
    ({"messages": [user("hello world")]}, 9),
    ({"messages": [system("hello:")]}, 9),
    (
        {
            "messages": [
                system("# Important: you're the best robot"),
                user("hello robot"),
                {"role": "assistant", "content": "hello world"},
            ]
        },
        27,
    ),
    ({"messages": [user("hello")], "functions": [function("foo")]}, 31),
    ({"messages": [user("hello")], "functions": [function("foo", None, "Do a foo")]}, 36),
    (
        {
            "messages": [user("hello")],
            "functions": [function("bing_bong", {"foo": {"type": "string"}}, BING_BONG)],
        },
        49,
    ),
    (
        {
            "messages": [user("hello")],
            "functions": [
                function(
                    "bing_bong",
                    {
                        "foo": {"type": "string"},
                        "bar": {"type": "number", "description": "A number"},
                    },
                    BING_BONG,
                )
            ],
        },
        57,
    ),
    (
        {
            "messages": [user("hello")],
            "functions": [
                function(
                    "bing_bong",
                    {
                        "foo": {
                            "type": "object",
                            "properties": {
                                "bar": {"type": "string", "enum": ["a", "b", "c"]},
                                "baz": {"type": "boolean"},
                            },
                        }
                    },
                    BING_BONG,
                )
            ],
        },
        68,
    ),
    (
        {
            "messages": [
                user("hello world"),
                {"role": "function", "name": "do_stuff", "content": "{}"},
            ]
        },
        15,
    ),
    (
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": "",
                    "function_call": {
                        "name": "do_stuff",
                        "arguments": '{"foo": "bar", "baz": 1.5}',
                    },
                }
            ]
        },
        26,
    ),
    ({"messages": [system("Hello"), user("Hi there")], "functions": [function("do_stuff")]}, 35),
    ({"messages": [system("Hello:"), user("Hi there")], "functions": [function("do_stuff")]}, 35),
    (
        {
            "messages": [system("Hello:"), system("Hello"), user("Hi there")],
            "functions": [function("do_stuff")],
        },
        40,
    ),
    (
        {
            "messages": [user("hello")],
            "functions": [
                function(
                    "get_recipe",
                    {
                        "ingredients": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["name", "unit", "amount"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "unit": {
                                        "enum": ["grams", "ml", "cups", "pieces", "teaspoons"],
                                        "type": "string",
                                    },
                                    "amount": {"type": "number"},
                                },
                            },
                        },
                        "instructions": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "Steps to prepare the recipe (no numbering)",
                        },
                        "time_to_cook": {
                            "type": "number",
                            "description": "Total time to prepare the recipe in minutes",
                        },
                    },
                    required=["ingredients", "instructions", "time_to_cook"],
                )
            ],
        },
        106,
    ),
]


@pytest.mark.parametrize(("request_body", "reported"), REPORTED)
def test_requests_count_as_the_api_reported(request_body, reported):
    found = count(request_body, "gpt-3.5-turbo")
    assert found.tokens == reported
    assert found.bound_tokens >= reported


def test_tools_and_the_older_functions_count_alike():
    one = function("foo", {"bar": {"type": "string"}})
    older = {"messages": [user("hello")], "functions": [one]}
    newer = {"messages": [user("hello")], "tools": [{"type": "function", "function": one}]}
    assert count(older, "gpt-4o") == count(newer, "gpt-4o")


def test_a_model_without_published_framing_is_an_estimate_with_a_margin():
    found = count({"messages": [user("hello")]}, "gpt-5")
    assert found.tokens == 8
    assert found.is_estimate
    assert found.bound_tokens == 8 + 4 + 24
    assert "not published" in found.reason


def test_text_parts_count_as_their_text():
    parts = [{"type": "text", "text": "hello"}, {"type": "text", "text": " world"}]
    whole = count({"messages": [user("hello world")]}, "gpt-4o")
    assert count({"messages": [user(parts)]}, "gpt-4o").tokens == whole.tokens


def test_a_forced_tool_adds_its_name_and_four_tokens():
    forced = {**WEATHER, "tool_choice": {"type": "function", "function": {"name": "hello"}}}
    assert count(forced, "gpt-4o").tokens == 101 + 1 + 4
    assert count({**WEATHER, "tool_choice": "none"}, "gpt-4o").tokens == 102
    assert count({**WEATHER, "tool_choice": "auto"}, "gpt-4o").tokens == 101


def test_a_schema_for_the_answer_and_tool_calls_count_and_are_marked():
    plain = {"messages": [user("hello")]}
    schema = {"name": "answer", "schema": {"type": "object", "properties": {"ok": {}}}}
    shaped = {**plain, "response_format": {"type": "json_schema", "json_schema": schema}}
    assert count(shaped, "gpt-4o").tokens > count(plain, "gpt-4o").tokens + 10
    assert "schema" in count(shaped, "gpt-4o").reason
    call = {"id": "call_1", "type": "function", "function": {"name": "foo", "arguments": "{}"}}
    called = {"messages": [user("hello"), {"role": "assistant", "tool_calls": [call]}]}
    assert count(called, "gpt-4o").is_estimate
    assert count(called, "gpt-4o").tokens == 8 + 3 + 1 + 1 + 1 + 3


def test_a_schema_nested_without_end_is_cut_to_its_json():
    schema = {"type": "string"}
    for _ in range(200):
        schema = {"type": "array", "items": schema}
    request = {"messages": [user("hello")], "functions": [function("deep", {"x": schema})]}
    assert count(request, "gpt-4o").tokens > 200


def test_an_unknown_part_counts_as_its_json_and_is_marked():
    found = count({"messages": [user([{"type": "hologram", "data": "xyz"}])]}, "gpt-4o")
    assert found.is_estimate
    assert found.tokens > 8
