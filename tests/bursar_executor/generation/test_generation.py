"""Generate, from its caller to a provider and to the ledger, and back."""

import asyncio
import contextlib
from contextlib import asynccontextmanager

import pytest

from bursar.clients.executor import RemoteExecutor
from bursar.compressor.v1 import compressor_pb2
from bursar.errors import (
    BackendUnavailable,
    Conflict,
    FailedPrecondition,
    InvalidRequest,
    LimitExceeded,
    NotFound,
    OutcomeUnknown,
)
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.rpc.calling import channel_to
from bursar_simulator.served import Outcome
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider
from executor_parts import ANN, WAIT_S, events, happened, isolate, kinds, office, settlements
from memory_ground import memory_ground

CLAUDE, GPT = "claude-haiku-4-5", "gpt-4o"
BOTH = pytest.mark.parametrize("model", [CLAUDE, GPT])
EXACT = ledger_pb2.SAVING_CAUSE_RESPONSE_CACHE_EXACT


@pytest.fixture
async def provider():
    async with SimulatedProvider(SimulatorSettings(host="127.0.0.1", port=0)) as simulated:
        yield simulated


@pytest.fixture
def ground(tmp_path, provider, monkeypatch):
    isolate(monkeypatch, tmp_path)
    for name in ("ANTHROPIC", "OPENAI"):
        monkeypatch.setenv(f"{name}_API_KEY", "k")
        monkeypatch.setenv(f"{name}_BASE_URL", provider.address)
    monkeypatch.setenv("BURSAR_OPENAI_MODEL", GPT)
    return memory_ground(tmp_path)


@pytest.fixture
async def here(ground):
    async with office(ground) as found:
        yield found


def asked(words="Tell me more.", model=CLAUDE, *, told="", **fields):
    text = f"{words} [simulate: {told}]" if told else words
    message = executor_pb2.Message(role=executor_pb2.ROLE_USER, text=text)
    fields = {"max_output_tokens": 400, **fields}
    return executor_pb2.GenerateRequest(attribution=ANN, model=model, messages=[message], **fields)


async def generated(executor, request):
    """(the words, the tool calls, the end) of one call."""
    async with asyncio.timeout(WAIT_S):
        parts = [part async for part in executor.generate(request)]
    text = "".join(part.text for part in parts)
    calls = [part.tool_call for part in parts if part.HasField("tool_call")]
    return text, calls, parts[-1].finished


async def ledger(here):
    """(tokens in, tokens out, nano-USD) of all that was settled."""
    settled = await settlements(here.ground.log)
    return (
        sum(found.usage.input_tokens for found in settled),
        sum(found.usage.output_tokens for found in settled),
        sum(found.cost.total_nano_usd for found in settled),
    )


def billed(provider):
    calls = provider.served.calls
    return (
        sum(call.usage.input_tokens for call in calls),
        sum(call.usage.output_tokens for call in calls),
    )


async def nothing_held(here):
    """Every limit's level holds nothing."""
    usage = await here.quota.usage(quota_pb2.UsageRequest(attribution=ANN))
    return all(level.held == 0 for level in usage.levels)


async def limited(here, meter, amount):
    limit = quota_pb2.Limit(
        selector=quota_pb2.Selector(tenant_id=ANN.tenant_id),
        meter=meter,
        window=quota_pb2.WINDOW_DAY,
        amount=amount,
    )
    await here.quota.put_limit(quota_pb2.PutLimitRequest(limit=limit, author="ann"))


@BOTH
async def test_the_ledger_has_what_the_provider_bills_at_its_list_price(here, provider, model):
    text, _, finished = await generated(here.executor, asked(model=model, told="tokens=60"))

    assert text.startswith("SIMULATED reply")
    assert finished.stop_reason == executor_pb2.STOP_REASON_END
    assert (finished.usage.input_tokens, finished.usage.output_tokens) == billed(provider)
    assert finished.cost.is_known
    price, usage = finished.cost.price, finished.usage
    assert usage.cached_input_tokens == usage.cache_write_tokens == 0
    exact_pico_usd = (
        usage.input_tokens * price.input_pico_usd_per_token
        + usage.output_tokens * price.output_pico_usd_per_token
    )
    assert abs(finished.cost.total_nano_usd * 1_000 - exact_pico_usd) <= 500
    assert await ledger(here) == (*billed(provider), finished.cost.total_nano_usd)
    (settled,) = await settlements(here.ground.log)
    assert settled.provider_request_id == provider.served.calls[0].request_id
    last = (await events(here.ground.log, "usage"))[-1]
    assert (last.kind, last.call_id) == ("usage.settled", finished.call_id)
    assert finished.position.event_number


async def test_the_second_identical_call_is_answered_from_the_cache(here, provider):
    first = await generated(here.executor, asked())
    text, _, finished = await generated(here.executor, asked())

    assert text == first[0]
    assert finished.is_from_cache
    assert finished.cost.total_nano_usd == 0
    (saved,) = finished.savings
    assert saved.cause == EXACT
    assert saved.cost_nano_usd == first[2].cost.total_nano_usd
    assert len(provider.served.calls) == 1


@pytest.mark.parametrize(
    "different", [{"temperature": 0.5}, {"told": "tokens=7", "max_output_tokens": 5}]
)
async def test_sampled_and_cut_answers_are_not_kept(here, provider, different):
    await generated(here.executor, asked(**different))
    await generated(here.executor, asked(**different))

    assert len(provider.served.calls) == 2


async def test_tool_calls_come_before_the_end_and_are_not_kept(here, provider):
    tool = executor_pb2.Tool(name="weather", description="It")
    request = asked(told='tool=weather; tool_input={"city":"Rome"}', tools=[tool])

    _, calls, finished = await generated(here.executor, request)
    await generated(here.executor, request)

    assert [call.name for call in calls] == ["weather"]
    assert finished.stop_reason == executor_pb2.STOP_REASON_TOOL_CALL
    assert len(provider.served.calls) == 2


@pytest.mark.parametrize(
    ("meter", "amount"),
    [
        (quota_pb2.METER_COST_NANO_USD, 1),
        (quota_pb2.METER_OUTPUT_TOKENS, 399),
        (quota_pb2.METER_REQUESTS, 0),
    ],
)
async def test_a_call_above_a_limit_is_denied_and_nothing_is_sent(here, provider, meter, amount):
    await limited(here, meter, amount)

    with pytest.raises(LimitExceeded) as denied:
        await generated(here.executor, asked())

    assert denied.value.facts["amount"] == amount
    assert not provider.served.calls
    assert await kinds(here.ground.log, "usage") == ["usage.limit_put", "usage.denied"]


async def test_a_call_that_may_cost_more_than_its_caller_allows_is_refused(here, provider):
    with pytest.raises(LimitExceeded):
        await generated(here.executor, asked(max_cost_nano_usd=1))

    assert not provider.served.calls
    assert await kinds(here.ground.log, "usage") == []


@BOTH
@pytest.mark.parametrize("status", [429, 500, 529])
async def test_a_providers_error_is_told_and_costs_nothing(here, provider, model, status):
    with pytest.raises(BackendUnavailable, match=str(status)):
        await generated(here.executor, asked(model=model, told=f"status={status}"))

    (settled,) = await settlements(here.ground.log)
    assert settled.outcome == quota_pb2.OUTCOME_FAILED
    assert await ledger(here) == (0, 0, 0)


@BOTH
async def test_a_stream_cut_by_the_provider_is_settled_by_what_came(here, provider, model):
    with pytest.raises(BackendUnavailable):
        await generated(here.executor, asked(model=model, told="tokens=300; cut_after_events=9"))

    (settled,) = await settlements(here.ground.log)
    assert settled.outcome == quota_pb2.OUTCOME_CUT
    assert settled.source == quota_pb2.USAGE_SOURCE_COUNTED
    assert (await ledger(here))[:2] == billed(provider)
    assert settled.cost.total_nano_usd > 0


@asynccontextmanager
async def remote(here):
    channel = channel_to(here.process.address)
    try:
        yield RemoteExecutor(channel)
    finally:
        await channel.close(grace=None)


@BOTH
async def test_a_client_that_hangs_up_ends_the_call_and_pays_for_what_was_streamed(
    here, provider, model
):
    await limited(here, quota_pb2.METER_TOTAL_TOKENS, 1_000_000)
    async with remote(here) as executor:
        parts = executor.generate(asked(model=model, told="tokens=300; chunk_s=0.02"))
        async with contextlib.aclosing(parts):
            await anext(parts)
            await anext(parts)
        async with asyncio.timeout(WAIT_S):
            await provider.until(lambda: bool(provider.served.calls))
            await happened(here.ground.log, "usage", "usage.settled")
    found = await settlements(here.ground.log)

    assert provider.served.calls[0].outcome is Outcome.HUNG_UP
    assert found[0].outcome == quota_pb2.OUTCOME_CUT
    assert found[0].usage.input_tokens == billed(provider)[0]
    assert 0 < found[0].usage.output_tokens <= billed(provider)[1]
    assert await nothing_held(here)


async def test_a_call_that_is_never_answered_is_charged_at_its_full_hold(here, provider):
    await limited(here, quota_pb2.METER_TOTAL_TOKENS, 1_000_000)

    async def waiting():
        await generated(here.executor, asked(told="never"))

    call = asyncio.create_task(waiting())
    async with asyncio.timeout(WAIT_S):
        await provider.until(lambda: provider.calls_in_flight == 1)
        call.cancel()
        await asyncio.wait([call])
        await happened(here.ground.log, "usage", "usage.settled")

    (settled,) = await settlements(here.ground.log)
    assert settled.outcome == quota_pb2.OUTCOME_UNKNOWN
    assert settled.source == quota_pb2.USAGE_SOURCE_HOLD
    assert settled.usage.output_tokens == 400
    assert settled.usage.input_tokens > 0
    assert settled.cost.total_nano_usd > 0
    assert await nothing_held(here)


async def test_the_same_operation_again_gets_the_same_answer_and_is_paid_for_once(here, provider):
    request = asked(temperature=0.7, operation_id="op-1")

    first = await generated(here.executor, request)
    again = await generated(here.executor, request)

    assert again == first
    assert len(provider.served.calls) == len(await settlements(here.ground.log)) == 1


async def test_the_same_operation_with_other_words_is_a_conflict(here, provider):
    await generated(here.executor, asked(operation_id="op-1"))

    with pytest.raises(Conflict):
        await generated(here.executor, asked("Other words.", operation_id="op-1"))


async def test_an_operation_that_was_cut_is_not_sent_again(here, provider):
    request = asked(told="tokens=300; cut_after_events=9", operation_id="op-1")
    with pytest.raises(BackendUnavailable):
        await generated(here.executor, request)

    with pytest.raises(OutcomeUnknown):
        await generated(here.executor, request)
    assert len(provider.served.calls) == 1


async def test_an_operation_that_took_nothing_may_be_tried_again(here, provider):
    provider.faults.add("status=503")
    request = asked(operation_id="op-1")
    with pytest.raises(BackendUnavailable):
        await generated(here.executor, request)

    text, _, _ = await generated(here.executor, request)

    assert text.startswith("SIMULATED")
    assert [call.outcome for call in provider.served.calls] == [
        Outcome.REFUSED,
        Outcome.COMPLETE,
    ]
    assert (await ledger(here))[:2] == billed(provider)


async def test_a_denied_operation_is_denied_again_and_another_id_asks_anew(here, provider):
    await limited(here, quota_pb2.METER_REQUESTS, 0)
    for _ in range(2):
        with pytest.raises(LimitExceeded):
            await generated(here.executor, asked(operation_id="op-1"))

    assert (await kinds(here.ground.log, "usage")).count("usage.denied") == 1
    with pytest.raises(LimitExceeded):
        await generated(here.executor, asked(operation_id="op-2"))
    assert (await kinds(here.ground.log, "usage")).count("usage.denied") == 2


async def test_after_a_restart_an_operation_that_was_sent_is_not_sent_again(ground, provider):
    request = asked(temperature=0.7, operation_id="op-1")
    async with office(ground) as before:
        await generated(before.executor, request)

    async with office(ground) as after:
        with pytest.raises(OutcomeUnknown, match="bursar audit"):
            await generated(after.executor, request)

    assert len(provider.served.calls) == 1


async def test_after_a_restart_an_operation_that_took_nothing_may_be_tried_again(ground, provider):
    request = asked(operation_id="op-1")
    for _ in range(2):
        provider.faults.add("status=503")
        async with office(ground) as before:
            with pytest.raises(BackendUnavailable):
                await generated(before.executor, request)

    async with office(ground) as after:
        text, _, _ = await generated(after.executor, request)

    assert text.startswith("SIMULATED")
    assert [call.outcome for call in provider.served.calls] == [
        Outcome.REFUSED,
        Outcome.REFUSED,
        Outcome.COMPLETE,
    ]


async def test_two_tenants_may_use_the_same_operation_id(here, provider):
    other = asked(operation_id="op-1", temperature=0.7)
    other.attribution.tenant_id = "other"

    first = await generated(here.executor, asked(operation_id="op-1", temperature=0.7))
    second = await generated(here.executor, other)

    assert first[2].call_id != second[2].call_id
    assert len(provider.served.calls) == 2


async def test_long_texts_are_compressed_where_a_level_is_asked_for(here, provider):
    words = "The same line again.\n" * 200
    plain = await generated(here.executor, asked(words))
    short = await generated(
        here.executor, asked(words, compression_level=compressor_pb2.LEVEL_SAFE)
    )

    assert short[2].usage.input_tokens < plain[2].usage.input_tokens
    assert [saved.cause for saved in short[2].savings] == [ledger_pb2.SAVING_CAUSE_COMPRESSION]
    assert not plain[2].savings


async def test_auto_takes_the_first_model_that_is_not_chosen_by_name_alone(here, provider):
    _, _, finished = await generated(here.executor, asked(model="auto"))

    assert finished.target.model == CLAUDE


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        (asked(max_output_tokens=-1), InvalidRequest, "max_output_tokens"),
        (asked(operation_id="x" * 129), InvalidRequest, "operation_id"),
        (executor_pb2.GenerateRequest(model=GPT), InvalidRequest, "messages"),
        (asked(model="gpt-none", max_cost_nano_usd=5), FailedPrecondition, "price"),
    ],
)
async def test_a_request_that_cannot_be_is_refused_with_the_remedy(
    here, provider, request_, error, words
):
    with pytest.raises(error, match=words):
        await generated(here.executor, request_)
    assert not provider.served.calls


async def test_a_model_there_is_none_of_is_not_found(tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path)
    async with office(memory_ground(tmp_path)) as here:
        with pytest.raises(NotFound, match="gpt-4o"):
            await generated(here.executor, asked(model=GPT))
        with pytest.raises(BackendUnavailable, match="ANTHROPIC_API_KEY"):
            await generated(here.executor, asked(model="auto"))
