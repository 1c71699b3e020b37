"""A file's limits are applied: its own are made what it says, and no others."""

from __future__ import annotations

import pytest

from bursar.errors import Conflict, FailedPrecondition, InvalidRequest
from bursar.eventlog.memory import MemoryLog
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.events import LimitDeleted, LimitPut
from quota_services import a_limit, replayed, serving

TOKENS, DAY = quota_pb2.METER_TOTAL_TOKENS, quota_pb2.WINDOW_DAY


def a_file(*limits, **fields):
    fields = {"author": "ann", "reason": "from limits.yaml"} | fields
    return quota_pb2.ApplyLimitsRequest(limits=limits, **fields)


def tokens_a_day(amount, provider="anthropic", **fields):
    selector = quota_pb2.Selector(provider=provider)
    return quota_pb2.Limit(selector=selector, meter=TOKENS, window=DAY, amount=amount, **fields)


async def amounts_of(quota):
    levels = (await quota.list_limits(quota_pb2.ListLimitsRequest())).levels
    return {level.limit.limit_id: level.limit.amount for level in levels}


ANTHROPIC, OPENAI = "provider/anthropic/total_tokens/day", "provider/openai/total_tokens/day"


async def test_new_and_changed_limits_are_put_and_others_stand():
    async with serving(MemoryLog()) as quota:
        await quota.apply_limits(a_file(tokens_a_day(5), tokens_a_day(6, "openai")))
        answer = await quota.apply_limits(a_file(tokens_a_day(5), tokens_a_day(7, "openai")))
        assert answer.unchanged == 1
        (change,) = answer.changes
        assert (change.before.amount, change.after.amount) == (6, 7)
        assert await amounts_of(quota) == {ANTHROPIC: 5, OPENAI: 7}


async def test_a_dry_run_says_what_would_change_and_changes_nothing():
    log = MemoryLog()
    async with serving(log) as quota:
        answer = await quota.apply_limits(a_file(tokens_a_day(5), is_dry_run=True))
        assert [change.after.limit_id for change in answer.changes] == [ANTHROPIC]
        assert not answer.HasField("position")
        assert await amounts_of(quota) == {}
    assert (await replayed(log))[1] == []


async def test_only_pruning_deletes_and_only_what_a_file_manages():
    async with serving(MemoryLog()) as quota:
        await quota.put_limit(a_limit(9))
        await quota.apply_limits(a_file(tokens_a_day(5), tokens_a_day(6, "openai")))
        await quota.apply_limits(a_file(tokens_a_day(5)))
        assert set(await amounts_of(quota)) == {ANTHROPIC, OPENAI, "total/cost_nano_usd/month"}
        answer = await quota.apply_limits(a_file(tokens_a_day(5), is_pruning=True))
        assert [change.before.limit_id for change in answer.changes] == [OPENAI]
        assert set(await amounts_of(quota)) == {ANTHROPIC, "total/cost_nano_usd/month"}


async def test_pruning_for_a_tenant_leaves_the_limits_of_others():
    def of(tenant_id):
        selector = quota_pb2.Selector(tenant_id=tenant_id)
        return quota_pb2.Limit(selector=selector, meter=TOKENS, window=DAY, amount=1)

    async with serving(MemoryLog()) as quota:
        await quota.apply_limits(a_file(of("acme"), of("beta")))
        await quota.apply_limits(a_file(is_pruning=True, tenant_id="acme"))
        assert set(await amounts_of(quota)) == {"tenant/beta/total_tokens/day"}


async def test_a_limit_set_by_hand_is_named_and_nothing_is_changed():
    async with serving(MemoryLog()) as quota:
        await quota.put_limit(a_limit(9, provider="anthropic", meter=TOKENS, window=DAY))
        with pytest.raises(FailedPrecondition, match=f"not managed by a file: {ANTHROPIC}"):
            await quota.apply_limits(a_file(tokens_a_day(6, "openai"), tokens_a_day(5)))
        assert await amounts_of(quota) == {ANTHROPIC: 9}


async def test_every_change_is_an_event_with_author_and_reason():
    log = MemoryLog()
    async with serving(log) as quota:
        await quota.apply_limits(a_file(tokens_a_day(5)))
        await quota.apply_limits(a_file(is_pruning=True, author="bob", reason="too dear"))
    put, deleted = (await replayed(log))[1]
    assert isinstance(put, LimitPut)
    assert (put.author, put.reason) == ("ann", "from limits.yaml")
    assert isinstance(deleted, LimitDeleted)
    assert (deleted.author, deleted.reason) == ("bob", "too dear")


async def test_a_retry_with_the_same_id_orders_nothing_twice():
    log = MemoryLog()
    async with serving(log) as quota:
        for _ in range(2):
            await quota.apply_limits(a_file(tokens_a_day(5), operation_id="a"))
        with pytest.raises(Conflict):
            await quota.apply_limits(a_file(tokens_a_day(6), operation_id="a"))
    assert len((await replayed(log))[1]) == 1


async def test_more_limits_than_a_frame_holds_are_applied():
    limits = [tokens_a_day(5, f"provider-{number}") for number in range(600)]
    async with serving(MemoryLog()) as quota:
        assert len((await quota.apply_limits(a_file(*limits))).changes) == 600
        assert (await quota.apply_limits(a_file(*limits))).unchanged == 600


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (a_file(), "limits"),
        (a_file(tokens_a_day(-1)), "limits[0].amount"),
        (a_file(tokens_a_day(1), tokens_a_day(2)), "limits[1].limit_id"),
        (
            a_file(tokens_a_day(1, managed_by=quota_pb2.MANAGED_BY_API)),
            "limits[0].managed_by",
        ),
        (a_file(tokens_a_day(1), author="a" * 300), "author"),
        (a_file(tokens_a_day(1), reason="a" * 3000), "reason"),
    ],
)
async def test_a_mistake_is_named_with_its_place(asked, field):
    async with serving(MemoryLog()) as quota:
        with pytest.raises(InvalidRequest) as caught:
            await quota.apply_limits(asked)
        assert caught.value.violations[0].field == field
        assert await amounts_of(quota) == {}
