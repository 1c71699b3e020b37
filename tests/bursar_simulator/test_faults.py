"""What can go wrong with a provider, over a plain HTTP client."""

import asyncio
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bursar.dialects import anthropic_messages, openai_chat
from bursar_simulator.served import Outcome
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider

KEYS = {"x-api-key": "k", "authorization": "Bearer k"}
CLAUDE = {
    "model": "claude-haiku-4-5",
    "max_tokens": 400,
    "messages": [{"role": "user", "content": "Tell me more. [simulate: tokens=300]"}],
}
GPT = {"model": "gpt-4o", "messages": CLAUDE["messages"]}
BOTH = pytest.mark.parametrize(
    ("dialect", "body"), [(anthropic_messages, CLAUDE), (openai_chat, GPT)]
)


@asynccontextmanager
async def up(**settings):
    simulated = SimulatedProvider(SimulatorSettings(host="127.0.0.1", port=0, **settings))
    async with simulated, aiohttp.ClientSession(simulated.address, headers=KEYS) as session:
        yield simulated, session


def post(session, dialect, body, directive="", **fields):
    told = {"x-simulate": directive} if directive else {}
    return session.post(dialect.PATH, json={**body, **fields}, headers=told)


async def ended(simulated):
    """The one call, once it has ended."""
    async with asyncio.timeout(20):
        await simulated.until(lambda: bool(simulated.served.calls))
    return simulated.served.calls[-1]


async def hang_up_unanswered(simulated, posting):
    """Leaves as soon as the provider has taken the call."""
    task = asyncio.create_task(posting)
    async with asyncio.timeout(20):
        await simulated.until(lambda: simulated.calls_in_flight == 1)
    task.cancel()
    await asyncio.wait([task])


@BOTH
async def test_a_stream_cut_by_the_provider_bills_what_was_sent(dialect, body):
    async with up() as (simulated, session):
        with pytest.raises(aiohttp.ClientPayloadError):
            async with post(
                session, dialect, body, "tokens=300; cut_after_events=8", stream=True
            ) as response:
                received = await response.content.readexactly(400)
                received += await response.read()
        call = await ended(simulated)
        assert call.outcome is Outcome.CUT
        assert 0 < call.usage.output_tokens < 300
        assert call.usage.input_tokens > 0
        assert call.sent_bytes >= len(received)


@BOTH
async def test_an_error_inside_a_stream_ends_it(dialect, body):
    async with up() as (simulated, session):
        async with post(
            session, dialect, body, "tokens=300; error_after_events=8", stream=True
        ) as response:
            stream = await response.read()
        meter = dialect.stream_meter(False)
        meter.feed(stream)
        assert meter.has_failed
        assert not meter.is_complete
        assert (await ended(simulated)).outcome is Outcome.CUT


@BOTH
async def test_a_client_that_hangs_up_is_billed_for_what_was_sent(dialect, body):
    async with up(chunk_s=0.01) as (simulated, session):
        meter = dialect.stream_meter(False)
        told = "tokens=3000"
        response = await post(session, dialect, body, told, stream=True, max_tokens=4_000)
        while meter.text.total_bytes == 0:
            meter.feed(await response.content.readany())
        response.close()
        call = await ended(simulated)
        assert call.outcome is Outcome.HUNG_UP
        assert 0 < call.usage.output_tokens < 3_000
        assert simulated.served.totals()[-1]["hung_up_calls"] == 1


@BOTH
async def test_a_plain_answer_is_billed_whole_though_nobody_waits_for_it(dialect, body):
    async with up() as (simulated, session):
        posting = post(session, dialect, body, "first_byte_s=30")
        await hang_up_unanswered(simulated, posting)
        call = await ended(simulated)
        assert call.outcome is Outcome.HUNG_UP
        assert call.usage.output_tokens > 0


@BOTH
async def test_a_call_that_is_never_answered_bills_nothing(dialect, body):
    async with up() as (simulated, session):
        await hang_up_unanswered(simulated, post(session, dialect, body, "never"))
        call = await ended(simulated)
        assert call.outcome is Outcome.UNANSWERED
        assert call.usage.input_tokens == call.usage.output_tokens == 0


@BOTH
async def test_a_provider_may_bill_more_than_the_bound(dialect, body):
    async with (
        up() as (_, session),
        post(session, dialect, body, "overbill_tokens=50", max_tokens=20) as response,
    ):
        assert dialect.usage_in_response(await response.read()).output_tokens == 70


@BOTH
@pytest.mark.parametrize("is_streaming", [False, True])
async def test_a_provider_may_tell_no_usage(dialect, body, is_streaming):
    async with (
        up() as (_, session),
        post(session, dialect, body, "no_usage", stream=is_streaming) as response,
    ):
        answer = await response.read()
        meter = dialect.stream_meter(False)
        meter.feed(answer)
        assert dialect.usage_in_response(answer) is None
        assert meter.usage is None


@BOTH
async def test_the_same_request_gets_the_same_words_streamed_or_not(dialect, body):
    async with up() as (_, session):
        async with post(session, dialect, body, metadata={"user_id": "a"}) as response:
            plain = await response.read()
        async with post(session, dialect, body, stream=True) as response:
            streamed = dialect.from_stream([await response.read()])
    assert "SIMULATED" in dialect.text_of(plain)
    assert dialect.text_of(plain) == dialect.text_of(streamed)


async def test_faults_are_set_listed_and_cleared_over_http():
    async with up() as (_, session):
        fault = {"directive": "status=429; retry_after_s=1", "times": 3, "model": "gpt-4o"}
        for _ in range(2):
            assert (await session.post("/simulator/faults", json=fault)).status == 204
        async with session.get("/simulator/faults") as response:
            assert await response.json() == {"faults": [fault, fault]}
        async with post(session, anthropic_messages, CLAUDE) as response:
            assert response.status == 200
        async with post(session, openai_chat, GPT) as response:
            assert response.status == 429
        await session.delete("/simulator/faults")
        async with post(session, openai_chat, GPT) as response:
            assert response.status == 200
        bad = await session.post("/simulator/faults", json={"directive": "stat=1"})
        assert bad.status == 400


async def test_what_was_served_is_told_over_http_call_by_call():
    async with up() as (_, session):
        async with post(session, openai_chat, GPT) as response:
            answer = json.loads(await response.read())
            request_id = response.headers["x-request-id"]
        async with session.get("/simulator/served") as response:
            told = await response.json()
        (call,) = told["calls"]
        assert (call["request_id"], call["answer_id"]) == (request_id, answer["id"])
        assert call["usage"]["output_tokens"] == answer["usage"]["completion_tokens"]
        assert [row["model"] for row in told["totals"]] == ["gpt-4o", "all"]
        async with session.get("/simulator/served", params={"calls": "0"}) as response:
            assert "calls" not in await response.json()
        await session.delete("/simulator/served")
        async with session.get("/simulator/served") as response:
            assert (await response.json())["totals"][-1]["calls"] == 0


async def test_unknown_betas_and_fields_are_accepted_and_a_head_request_is_answered():
    async with up() as (_, session):
        assert (await session.head("/")).status == 200
        response = await session.post(
            "/v1/messages?beta=true",
            json={**CLAUDE, "context_management": {"edits": []}, "output_config": {}},
            headers={"anthropic-beta": "unheard-of-2027-01-01", "anthropic-version": "2023-06-01"},
        )
        assert response.status == 200


async def test_a_directive_is_found_where_a_coding_client_puts_its_users_words():
    content = [
        {"type": "text", "text": "<system-reminder>Today is Tuesday.</system-reminder>"},
        {"type": "text", "text": "Say hi. [simulate: status=529]"},
    ]
    messages = [{"role": "user", "content": content}, {"role": "system", "content": "Agents: x"}]
    async with up() as (_, session):
        async with post(session, anthropic_messages, CLAUDE, messages=messages) as response:
            assert response.status == 529
        content[1]["text"] = "Say hi."
        async with post(session, anthropic_messages, CLAUDE, messages=messages) as response:
            assert "about 'Say hi.'" in anthropic_messages.text_of(await response.read())


async def test_a_call_without_a_key_is_refused():
    async with up() as (simulated, _), aiohttp.ClientSession(simulated.address) as session:
        assert (await session.post("/v1/messages", json=CLAUDE)).status == 401
        assert (await session.post("/v1/chat/completions", json=GPT)).status == 401


async def test_a_body_above_the_size_that_is_taken_is_refused():
    async with up(request_bytes_max=1_000) as (_, session):
        response = await session.post("/v1/messages", data=b"x" * 5_000)
        assert response.status == 413
        assert (await response.json())["error"]["type"] == "request_too_large"


async def test_the_calls_that_are_kept_are_bounded_and_the_totals_are_not():
    async with up(calls_kept_max=3) as (simulated, session):
        for _ in range(5):
            async with post(session, openai_chat, GPT) as response:
                await response.read()
        assert len(simulated.served.calls) == 3
        assert simulated.served.totals()[-1]["calls"] == 5
