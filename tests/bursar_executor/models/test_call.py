"""One call to one model in each wire format: what is read, what it took, however it ends."""

import asyncio
import contextlib
import socket

import pytest

from bursar.dialects import anthropic_messages, gemini, openai_chat, openai_responses
from bursar.errors import BackendUnavailable, FailedPrecondition, InvalidRequest
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.secret import Secret
from bursar.tokens.texts import count_text
from bursar_executor.endpoints import Endpoint
from bursar_executor.models.call import ModelCall
from bursar_executor.models.holds import prepared
from bursar_executor.models.sessions import model_session
from bursar_simulator.served import Outcome, tokens_of
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider

WAIT_S = 30.0
OUTPUT_TOKENS = 400
FORMATS = {
    "anthropic": (anthropic_messages, "claude-haiku-4-5"),
    "openai": (openai_chat, "gpt-4o"),
    "openai-responses": (openai_responses, "gpt-4o"),
    "gemini": (gemini, "gemini-2.5-flash"),
}


@pytest.fixture
async def provider():
    async with SimulatedProvider(SimulatorSettings(host="127.0.0.1", port=0)) as simulated:
        yield simulated


@pytest.fixture
async def session():
    async with model_session(WAIT_S) as found:
        yield found


@pytest.fixture(params=FORMATS)
def make(request, session, provider):
    """A call in one of the formats, told what to simulate."""
    dialect, model = FORMATS[request.param]

    async def made(
        directive="",
        *,
        address="",
        key="k",
        tools=(),
        words="Tell me more.",
        held_output_tokens=OUTPUT_TOKENS,
    ):
        told = f"{words} [simulate: {directive}]" if directive else words
        asked = executor_pb2.GenerateRequest(
            model=model,
            messages=[executor_pb2.Message(role=executor_pb2.ROLE_USER, text=told)],
            max_output_tokens=OUTPUT_TOKENS,
            temperature=0.0,
            tools=tools,
        )
        body = dialect.with_usage_in_stream(dialect.request(asked, is_streaming=True))
        endpoint = Endpoint(
            provider="simulated",
            speaks=request.param,
            base_url=address or provider.address,
            tier=ledger_pb2.BACKEND_TIER_PAID_API,
            models=(model,),
            api_key=Secret(key) if key else None,
        )
        sent = await prepared(body, model, held_output_tokens, dialect, None)
        return ModelCall(session, endpoint, dialect, sent)

    return made


async def read(call):
    async with asyncio.timeout(WAIT_S):
        return "".join([piece async for piece in call.texts()])


async def served(provider):
    async with asyncio.timeout(WAIT_S):
        await provider.until(lambda: bool(provider.served.calls))
    return provider.served.calls[-1]


def equals(usage, billed):
    return all(getattr(usage, name) == tokens for name, tokens in tokens_of(billed).items())


async def test_a_whole_answer_comes_with_the_usage_the_provider_bills(make, provider):
    call = await make("tokens=60")

    text = await read(call)

    billed = await served(provider)
    assert text.startswith("SIMULATED reply")
    assert call.end.stop_reason == executor_pb2.STOP_REASON_END
    assert equals(call.end.usage, billed.usage)
    assert not call.end.usage.is_estimate
    assert call.end.provider_request_id == billed.request_id
    assert call.end.error is None


async def test_tokens_read_from_the_providers_cache_are_told_apart(make, provider):
    words = "All of this is said again and again, and again. " * 300

    await read(await make("tokens=20", words=words))
    second = await make("tokens=20", words=words)
    await read(second)

    assert equals(second.end.usage, provider.served.calls[-1].usage)


async def test_an_answer_cut_at_its_bound_says_so(make, provider):
    call = await make("tokens=1000")

    await read(call)

    assert call.end.stop_reason == executor_pb2.STOP_REASON_MAX_TOKENS
    assert call.end.usage.output_tokens == OUTPUT_TOKENS
    assert not call.end.is_cut


async def test_an_answer_beyond_what_was_set_aside_is_cut_and_counted_by_what_came(make, provider):
    call = await make("tokens=350; chunk_s=0.001", held_output_tokens=40)

    text = await read(call)

    assert call.end.error is not None
    assert call.end.error.reason == "BUDGET_EXHAUSTED"
    assert call.end.is_cut
    assert 40 < count_text(text, "gpt-4o").tokens < 100
    assert 40 < call.end.usage.output_tokens < 120
    assert (await served(provider)).outcome is Outcome.HUNG_UP


async def test_what_the_provider_says_of_its_limits_is_noted(make, provider):
    call = await make("tokens=20")

    await read(call)

    meters = {limit.meter for limit in call.end.provider_limits}
    told = set() if call.end.model.startswith("gemini") else {"requests", "tokens"}
    assert told <= meters  # Google tells nothing of them in headers
    assert all(0 < limit.remaining <= limit.limit for limit in call.end.provider_limits)


async def test_calls_of_tools_come_with_their_arguments(make, provider):
    schema = '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}'
    tool = executor_pb2.Tool(name="weather", description="It", parameters_json_schema=schema)
    call = await make('tool=weather; tool_input={"city":"Rome"}', tools=[tool])

    await read(call)

    assert call.end.stop_reason == executor_pb2.STOP_REASON_TOOL_CALL
    (found,) = call.end.tool_calls
    assert (found.name, found.arguments_json.replace(" ", "")) == ("weather", '{"city":"Rome"}')


async def test_thoughts_are_no_words_of_the_answer_and_are_billed(make, provider):
    call = await make("thinking; tokens=60")

    assert "thinking about" not in await read(call)
    assert call.end.usage.output_tokens == (await served(provider)).usage.output_tokens


async def test_a_stream_that_brings_no_usage_is_counted(make, provider):
    call = await make("no_usage; tokens=60")

    text = await read(call)

    usage = (await served(provider)).usage
    assert text
    assert call.end.usage.input_tokens == usage.input_tokens
    if call.end.usage.is_estimate:
        assert abs(call.end.usage.output_tokens - usage.output_tokens) <= 2


async def test_a_stream_that_is_cut_is_settled_by_what_came(make, provider):
    call = await make("tokens=300; cut_after_events=8")

    text = await read(call)

    billed = await served(provider)
    assert billed.outcome is Outcome.CUT
    assert text
    assert isinstance(call.end.error, BackendUnavailable)
    assert call.end.is_cut
    assert call.end.usage.is_estimate
    assert call.end.usage.input_tokens == billed.usage.input_tokens
    assert call.end.usage.output_tokens == billed.usage.output_tokens
    assert not call.end.is_usage_unknown


async def test_an_error_inside_a_stream_ends_the_answer(make, provider):
    call = await make("tokens=300; error_after_events=8")

    await read(call)

    assert isinstance(call.end.error, BackendUnavailable)
    assert call.end.stop_reason == executor_pb2.STOP_REASON_CUT
    assert call.end.answer is None
    assert 0 < call.end.usage.output_tokens < 300


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidRequest),
        (401, FailedPrecondition),
        (403, FailedPrecondition),
        (404, InvalidRequest),
        (429, BackendUnavailable),
        (500, BackendUnavailable),
        (529, BackendUnavailable),
    ],
)
async def test_a_refused_request_took_nothing_and_names_the_reason(make, provider, status, error):
    call = await make(f"status={status}")

    assert await read(call) == ""

    assert isinstance(call.end.error, error)
    assert "simulated" in call.end.error.message
    assert (call.end.usage.input_tokens, call.end.is_usage_unknown) == (0, False)
    assert not call.end.is_cut


async def test_a_key_that_is_missing_is_the_providers_to_refuse(make):
    call = await make(key="")

    await read(call)

    assert isinstance(call.end.error, FailedPrecondition)


async def test_an_endpoint_that_cannot_be_reached_was_sent_nothing(make):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    call = await make(address=f"http://127.0.0.1:{port}")

    await read(call)

    assert isinstance(call.end.error, BackendUnavailable)
    assert "cannot be reached" in call.end.error.message
    assert not call.end.is_sent
    assert not call.end.is_usage_unknown


async def hung_up(call, provider, when):
    """Reads until `when` holds, then hangs up."""

    async def reading():
        async with contextlib.aclosing(call.texts()) as texts:
            async for _ in texts:
                pass

    task = asyncio.create_task(reading())
    async with asyncio.timeout(WAIT_S):
        await provider.until(when)
    task.cancel()
    await asyncio.wait([task])


async def test_hanging_up_on_one_that_never_answers_leaves_its_usage_unknown(make, provider):
    call = await make("never")

    await hung_up(call, provider, lambda: provider.calls_in_flight == 1)

    assert (await served(provider)).outcome is Outcome.UNANSWERED
    assert call.end.is_sent
    assert call.end.is_usage_unknown
    assert call.end.is_cut


async def test_hanging_up_in_the_middle_ends_the_call_at_the_provider(make, provider):
    call = await make("tokens=300; chunk_s=0.02")

    async with contextlib.aclosing(call.texts()) as texts:
        await anext(texts)
        await anext(texts)

    billed = await served(provider)
    assert billed.outcome is Outcome.HUNG_UP
    assert call.end.is_cut
    assert call.end.usage.input_tokens == billed.usage.input_tokens
    assert 0 < call.end.usage.output_tokens <= billed.usage.output_tokens
