"""Messages of a reserve are counted here, for its hold, and stand in no event."""

from __future__ import annotations

import json

import pytest

from bursar.errors import Conflict, InvalidRequest, LimitExceeded
from bursar.eventlog.memory import MemoryLog
from bursar.quota.v1 import quota_pb2
from bursar.tokens.chats import ChatFormat, bound_chat
from bursar_quota.counted_messages import BODY_BYTES_MAX
from bursar_quota.domain.events import Reserved
from bursar_quota.wire import USAGE
from quota_services import a_limit, a_reserve, replayed, serving

SECRET = "the launch is on Thursday"
MODEL = "claude-x"


def a_chat(text=SECRET, **fields):
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **fields}


def messages_of(chat, price=0):
    return quota_pb2.UncountedMessages(
        format=quota_pb2.MESSAGE_FORMAT_ANTHROPIC_MESSAGES,
        body_json=json.dumps(chat).encode(),
        input_pico_usd_per_token=price,
    )


def bound(chat):
    return bound_chat(chat, MODEL, ChatFormat.ANTHROPIC_MESSAGES)


@pytest.mark.parametrize("text", [SECRET, SECRET * 4000], ids=["short", "counted in a thread"])
async def test_the_hold_has_their_bound_and_what_it_costs_on_top_of_the_amounts(text):
    async with serving(MemoryLog()) as quota:
        order = a_reserve("r", 1000, messages=messages_of(a_chat(text), 3_000_001))
        held = (await quota.reserve(order)).held
        tokens = bound(a_chat(text))
        assert held.input_tokens == 100 + tokens
        assert held.cost_nano_usd == 1000 + -(-tokens * 3_000_001 // 1000)


async def test_no_word_of_them_is_in_the_log():
    log = MemoryLog()
    async with serving(log) as quota:
        await quota.reserve(a_reserve("r", messages=messages_of(a_chat())))
    last = (await log.tail(USAGE)).sequence
    stored = [(await log.get(USAGE, sequence)).frame for sequence in range(1, last + 1)]
    assert not any(b"Thursday" in frame for frame in stored)
    events = (await replayed(log))[1]
    assert [type(event) for event in events] == [Reserved]


async def test_the_same_messages_again_are_the_same_order_and_others_are_not():
    async with serving(MemoryLog()) as quota:
        first = await quota.reserve(a_reserve("r", messages=messages_of(a_chat())))
        assert await quota.reserve(a_reserve("r", messages=messages_of(a_chat()))) == first
        with pytest.raises(Conflict):
            await quota.reserve(a_reserve("r", messages=messages_of(a_chat("more " * 50))))


async def test_a_limit_of_one_token_less_refuses_them():
    tokens = 150 + bound(a_chat())
    for amount, is_granted in ((tokens, True), (tokens - 1, False)):
        async with serving(MemoryLog()) as quota:
            await quota.put_limit(a_limit(amount, meter=quota_pb2.METER_TOTAL_TOKENS))
            order = a_reserve("r", messages=messages_of(a_chat()))
            if is_granted:
                await quota.reserve(order)
            else:
                with pytest.raises(LimitExceeded):
                    await quota.reserve(order)


async def test_many_at_a_time_bring_them_too():
    async with serving(MemoryLog()) as quota:
        orders = [a_reserve("r", messages=messages_of(a_chat())), a_reserve("s")]
        found = await quota.reserve_many(quota_pb2.ReserveManyRequest(orders=orders))
        held = [result.reserve.held.input_tokens for result in found.results]
        assert held == [100 + bound(a_chat()), 100]


@pytest.mark.parametrize(
    ("field", "messages"),
    [
        ("messages.format", quota_pb2.UncountedMessages(body_json=b"{}")),
        ("messages.body_json", quota_pb2.UncountedMessages(format=1, body_json=b"[]")),
        (
            "messages.body_json",
            quota_pb2.UncountedMessages(format=1, body_json=bytes(BODY_BYTES_MAX + 1)),
        ),
        ("messages.input_pico_usd_per_token", messages_of(a_chat(), -1)),
        ("amounts.cost_nano_usd", messages_of(a_chat("x" * 90_000), 2**62)),
    ],
    ids=["no format", "no object", "too large", "negative price", "more than there is"],
)
async def test_what_cannot_be_counted_is_refused_by_field(field, messages):
    async with serving(MemoryLog()) as quota:
        with pytest.raises(InvalidRequest) as caught:
            await quota.reserve(a_reserve("r", messages=messages))
        assert caught.value.violations[0].field == field


async def test_a_negative_amount_is_not_made_good_by_messages():
    async with serving(MemoryLog()) as quota:
        order = a_reserve("r", messages=messages_of(a_chat()))
        order.amounts.input_tokens = -1
        with pytest.raises(InvalidRequest):
            await quota.reserve(order)
