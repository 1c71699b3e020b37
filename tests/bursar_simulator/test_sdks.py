"""The official SDKs, sync and async, against the simulated provider over loopback."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import anthropic
import openai
import pytest

from bursar.prices.usage import Usage
from bursar_simulator.served import tokens_of
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider

pytestmark = pytest.mark.clients

ANTHROPIC = {"model": "claude-haiku-4-5", "max_tokens": 300}
OPENAI = {"model": "gpt-4o"}
USAGE = {"stream_options": {"include_usage": True}}
LOOK = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}


def user(text):
    return [{"role": "user", "content": text}]


@asynccontextmanager
async def provider():
    async with SimulatedProvider(SimulatorSettings(host="127.0.0.1", port=0)) as simulated:
        yield simulated


def anthropic_sdk(simulated, **options):
    return anthropic.Anthropic(api_key="k", base_url=simulated.address, max_retries=0, **options)


def openai_sdk(simulated, **options):
    address = f"{simulated.address}/v1"
    return openai.OpenAI(api_key="k", base_url=address, max_retries=0, **options)


def seen_by_anthropic(message):
    usage = message.usage
    cached, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    written_1h = usage.cache_creation.ephemeral_1h_input_tokens
    return Usage(
        usage.input_tokens + cached + written,
        cached,
        written - written_1h,
        written_1h,
        usage.output_tokens,
        usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else 0,
    )


def seen_by_openai(usage):
    return Usage(
        usage.prompt_tokens,
        usage.prompt_tokens_details.cached_tokens,
        usage.prompt_tokens_details.cache_write_tokens or 0,
        0,
        usage.completion_tokens,
        usage.completion_tokens_details.reasoning_tokens,
    )


def ask_anthropic_in_every_way(simulated):
    sdk = anthropic_sdk(simulated)
    told = [sdk.messages.create(**ANTHROPIC, messages=user("Where is it?"))]
    with sdk.messages.stream(**ANTHROPIC, messages=user("Where was it?")) as stream:
        text = "".join(stream.text_stream)
        told.append(stream.get_final_message())
    assert text.startswith("SIMULATED")
    prompt = [
        {
            "type": "text",
            "text": "Long ago. " * 1_500,
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
        }
    ]
    for _ in range(2):
        told.append(sdk.messages.create(**ANTHROPIC, system=prompt, messages=user("And now?")))
    told.append(
        sdk.messages.create(
            **ANTHROPIC, messages=user("Hm?"), extra_headers={"x-simulate": "thinking"}
        )
    )
    return [seen_by_anthropic(message) for message in told]


def ask_openai_in_every_way(simulated):
    create = openai_sdk(simulated).chat.completions.create
    long = user("Long ago. " * 1_500)
    told = [
        create(**OPENAI, messages=user("Where is it?")).usage,
        create(**OPENAI, messages=user("Where is it?"), n=3).usage,
        create(**OPENAI, messages=long).usage,
        create(**OPENAI, messages=long).usage,
        create(model="gpt-5.6", messages=long).usage,
        create(**OPENAI, messages=user("Hm?"), extra_headers={"x-simulate": "thinking"}).usage,
    ]
    told += [
        chunk.usage
        for chunk in create(**OPENAI, messages=user("Was it?"), stream=True, **USAGE)
        if chunk.usage
    ]
    return [seen_by_openai(usage) for usage in told]


def total(usages):
    sums = Counter()
    for usage in usages:
        sums.update(tokens_of(usage))
    return {name: sums[name] for name in tokens_of(Usage())}


async def test_what_was_served_is_the_sum_of_the_usages_that_clients_saw():
    async with provider() as simulated:
        anthropics = await asyncio.to_thread(ask_anthropic_in_every_way, simulated)
        openais = await asyncio.to_thread(ask_openai_in_every_way, simulated)
        *rows, everything = simulated.served.totals()
        assert everything["calls"] == everything["complete_calls"] == 12
        by_format = Counter()
        for row in rows:
            for name in tokens_of(Usage()):
                by_format[row["format"], name] += row[name]
        for wire_format, usages in (("anthropic", anthropics), ("openai", openais)):
            expected = total(usages)
            assert expected == {name: by_format[wire_format, name] for name in expected}
            assert expected["cached_input_tokens"] > 1_000
            assert expected["reasoning_tokens"] > 0
        assert total(anthropics)["cache_write_1h_tokens"] > 1_000
        assert total(openais)["cache_write_tokens"] > 1_000
        assert everything["input_tokens"] == sum(row["input_tokens"] for row in rows)


async def test_the_async_sdks_get_the_same_answers():
    async with provider() as simulated:
        claude = anthropic.AsyncAnthropic(api_key="k", base_url=simulated.address)
        gpt = openai.AsyncOpenAI(api_key="k", base_url=f"{simulated.address}/v1")
        ask = {"messages": user("Where is it?")}
        plain = await claude.messages.create(**ANTHROPIC, **ask)
        async with claude.messages.stream(**ANTHROPIC, **ask) as stream:
            streamed = await stream.get_final_message()
        assert streamed.content[0].text == plain.content[0].text
        assert seen_by_anthropic(streamed) == seen_by_anthropic(plain)
        whole = await gpt.chat.completions.create(**OPENAI, **ask)
        pieces = []
        async for chunk in await gpt.chat.completions.create(**OPENAI, **ask, stream=True):
            assert chunk.usage is None
            pieces.append(chunk.choices[0].delta.content or "")
        assert "".join(pieces) == whole.choices[0].message.content


async def test_a_tool_is_called_when_told_and_its_result_is_answered():
    async with provider() as simulated:
        sdk = anthropic.AsyncAnthropic(api_key="k", base_url=simulated.address)
        tools = [{"name": "look", "description": "Looks.", "input_schema": LOOK}]
        messages = user("Look. [simulate: tool_use]")
        async with sdk.messages.stream(**ANTHROPIC, tools=tools, messages=messages) as stream:
            called = await stream.get_final_message()
        assert called.stop_reason == "tool_use"
        text, tool_use = called.content
        assert "SIMULATED" in text.text
        assert (tool_use.name, tool_use.input) == ("look", {"path": "SIMULATED"})
        result = {"type": "tool_result", "tool_use_id": tool_use.id, "content": "a key"}
        messages += [
            {"role": "assistant", "content": called.content},
            {"role": "user", "content": [result]},
        ]
        ended = await sdk.messages.create(**ANTHROPIC, tools=tools, messages=messages)
        assert ended.stop_reason == "end_turn"


async def test_a_tool_that_the_request_forces_is_called_by_openais_format_too():
    async with provider() as simulated:
        sdk = openai.AsyncOpenAI(api_key="k", base_url=f"{simulated.address}/v1")
        function = {"name": "look", "description": "Looks.", "parameters": LOOK}
        asked = {
            **OPENAI,
            "messages": user("Look."),
            "tools": [{"type": "function", "function": function}],
            "tool_choice": "required",
        }
        called = await sdk.chat.completions.create(**asked)
        async with sdk.chat.completions.stream(**asked) as stream:
            streamed = await stream.get_final_completion()
        for answer in (called, streamed):
            (choice,) = answer.choices
            assert choice.finish_reason == "tool_calls"
            assert choice.message.tool_calls[0].function.arguments == '{"path":"SIMULATED"}'


async def test_a_bound_cuts_the_answer_and_says_so():
    async with provider() as simulated:
        claude = anthropic.AsyncAnthropic(api_key="k", base_url=simulated.address)
        gpt = openai.AsyncOpenAI(api_key="k", base_url=f"{simulated.address}/v1")
        short = await claude.messages.create(
            model="claude-haiku-4-5", max_tokens=5, messages=user("Hm?")
        )
        assert (short.stop_reason, short.usage.output_tokens <= 5) == ("max_tokens", True)
        cut = await gpt.chat.completions.create(**OPENAI, messages=user("Hm?"), max_tokens=5)
        assert cut.choices[0].finish_reason == "length"
        assert cut.usage.completion_tokens == 5
        assert "SIMULATED" in cut.choices[0].message.content


async def test_count_tokens_says_what_a_call_will_count():
    async with provider() as simulated:
        sdk = anthropic.AsyncAnthropic(api_key="k", base_url=simulated.address)
        ask = {"model": "claude-haiku-4-5", "messages": user("How much is this?"), "system": "Hm."}
        counted = await sdk.messages.count_tokens(**ask)
        called = await sdk.messages.create(max_tokens=9, **ask)
        assert counted.input_tokens == called.usage.input_tokens > 0


async def test_models_are_listed_in_both_shapes():
    async with provider() as simulated:
        claude = anthropic.AsyncAnthropic(api_key="k", base_url=simulated.address)
        gpt = openai.AsyncOpenAI(api_key="k", base_url=f"{simulated.address}/v1")
        assert "gpt-4o" in [model.id async for model in gpt.models.list()]
        assert "claude-opus-4-8" in [model.id async for model in claude.models.list()]
        assert (await claude.models.retrieve("claude-opus-4-8")).id == "claude-opus-4-8"
        with pytest.raises(openai.NotFoundError):
            await gpt.models.retrieve("unknown")


ERRORS = [
    (400, anthropic.BadRequestError, openai.BadRequestError),
    (401, anthropic.AuthenticationError, openai.AuthenticationError),
    (402, anthropic.APIStatusError, openai.APIStatusError),
    (429, anthropic.RateLimitError, openai.RateLimitError),
    (500, anthropic.InternalServerError, openai.InternalServerError),
    (529, anthropic.InternalServerError, openai.InternalServerError),
]


@pytest.mark.parametrize(("status", "anthropic_error", "openai_error"), ERRORS)
async def test_every_error_arrives_as_the_sdks_know_it(status, anthropic_error, openai_error):
    async with provider() as simulated:
        claude = anthropic.AsyncAnthropic(api_key="k", base_url=simulated.address, max_retries=0)
        gpt = openai.AsyncOpenAI(api_key="k", base_url=f"{simulated.address}/v1", max_retries=0)
        simulated.faults.add(f"status={status}; retry_after_s=7", times=2)
        with pytest.raises(anthropic_error) as by_claude:
            await claude.messages.create(**ANTHROPIC, messages=user("Hm?"))
        with pytest.raises(openai_error) as by_gpt:
            await gpt.chat.completions.create(**OPENAI, messages=user("Hm?"))
        for error in (by_claude.value, by_gpt.value):
            assert error.status_code == status
            assert error.request_id.startswith("req_")
            assert error.response.headers["retry-after"] == "7"
            assert f"SIMULATED error {status}" in str(error)
        assert simulated.served.totals()[-1]["refused_calls"] == 2
        assert simulated.served.totals()[-1]["input_tokens"] == 0


async def test_a_request_that_no_provider_takes_is_refused_in_its_shape():
    async with provider() as simulated:
        claude = anthropic.AsyncAnthropic(api_key="k", base_url=simulated.address, max_retries=0)
        with pytest.raises(anthropic.BadRequestError, match="messages"):
            await claude.messages.create(**ANTHROPIC, messages=[])
        mark = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
        with pytest.raises(anthropic.BadRequestError, match="cache_control"):
            await claude.messages.create(**ANTHROPIC, messages=user([mark] * 5))


async def test_the_sdks_are_told_what_is_left_of_the_rate_limits():
    async with provider() as simulated:
        claude = anthropic.AsyncAnthropic(api_key="k", base_url=simulated.address)
        gpt = openai.AsyncOpenAI(api_key="k", base_url=f"{simulated.address}/v1")
        raw = await claude.messages.with_raw_response.create(**ANTHROPIC, messages=user("Hm?"))
        left = int(raw.headers["anthropic-ratelimit-requests-remaining"])
        other = await gpt.chat.completions.with_raw_response.create(**OPENAI, messages=user("Hm?"))
        assert int(other.headers["x-ratelimit-remaining-requests"]) < left <= 3_999
        assert other.headers["x-request-id"] == other.parse()._request_id


async def test_the_responses_api_streams_an_answer_and_its_usage():
    async with provider() as simulated:
        ask = {"model": "gpt-4o", "input": "Say so. [simulate: tokens=40]"}
        async with openai.AsyncOpenAI(
            api_key="k", base_url=f"{simulated.address}/v1", max_retries=0
        ) as sdk:
            plain = await sdk.responses.create(**ask)
            async with sdk.responses.stream(**ask) as stream:
                words = [e.delta async for e in stream if e.type == "response.output_text.delta"]
                streamed = await stream.get_final_response()
        assert plain.output_text.startswith("SIMULATED")
        assert "".join(words) == streamed.output_text == plain.output_text
        served = simulated.served.calls[-1]
        assert served.wire_format == "openai-responses"
        assert streamed.usage.output_tokens == served.usage.output_tokens
