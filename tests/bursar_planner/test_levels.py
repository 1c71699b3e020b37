"""Levels are quota's own; where it does not answer, those it last told."""

import asyncio

import pytest

from bursar.errors import InvalidRequest, LogBroken, Overloaded, Unavailable
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_planner.domain.backends import Target
from bursar_planner.domain.limits import Knowledge
from bursar_planner.domain.vocabulary import Meter, Tier
from bursar_planner.levels import LimitLevels
from planner_quota import LevelsOnly, quota_level

OPUS = Target("anthropic", "opus", Tier.PAID_API)
GPT = Target("openai", "gpt-4", Tier.PAID_API)
ANN = ledger_pb2.Attribution(tenant_id="acme", user_id="user_ann", task_id="task_1")
NS_PER_S = 1_000_000_000


class Clock:
    now_ns = 0

    def __call__(self):
        return self.now_ns


def levels_of(quota, clock=None, timeout_s=5.0):
    return LimitLevels(quota, clock or Clock(), timeout_s, kept_max=100)


async def test_levels_are_those_that_quota_finds_for_each_target():
    quota = LevelsOnly(
        quota_level("total", settled=10, held=5, amount=100),
        quota_level("anthropic", provider="anthropic", meter=quota_pb2.METER_COST_NANO_USD),
    )
    found = await levels_of(quota).matching(ANN, [OPUS, GPT, OPUS])

    assert found.knowledge is Knowledge.CURRENT
    assert [level.limit_id for level in found.everywhere] == ["total"]
    assert [level.limit_id for level in found.matching(OPUS)] == ["total", "anthropic"]
    assert [level.limit_id for level in found.matching(GPT)] == ["total"]
    total, anthropic = found.matching(OPUS)
    assert (total.settled, total.held, total.amount, total.is_hard) == (10, 5, 100, True)
    assert anthropic.meter is Meter.COST_NANO_USD
    assert quota.checks == 2  # once a target


async def test_without_a_target_quota_is_asked_for_the_task_alone():
    quota = LevelsOnly(quota_level("total"), quota_level("anthropic", provider="anthropic"))
    found = await levels_of(quota).matching(ANN, [])
    assert [level.limit_id for level in found.everywhere] == ["total"]
    assert quota.checks == 1


@pytest.mark.parametrize(
    "selector",
    [
        {"provider": "anthropic"},
        {"model": "opus"},
        {"tier": ledger_pb2.BACKEND_TIER_PAID_API},
        {"account_id": "me"},
    ],
)
async def test_a_limit_for_some_targets_does_not_hold_everywhere(selector):
    found = await levels_of(LevelsOnly(quota_level("some", **selector))).matching(ANN, [OPUS])
    assert found.everywhere == ()
    assert len(found.matching(OPUS)) == 1


async def test_a_soft_limit_is_no_hard_one():
    quota = LevelsOnly(quota_level("soft", mode=quota_pb2.MODE_SOFT))
    assert not (await levels_of(quota).matching(ANN, [])).everywhere[0].is_hard


async def test_a_meter_of_a_newer_quota_is_left_out():
    quota = LevelsOnly(quota_level("joules", meter=17), quota_level("total"))
    found = await levels_of(quota).matching(ANN, [])
    assert [level.limit_id for level in found.everywhere] == ["total"]


@pytest.mark.parametrize(
    "error",
    [Unavailable("away"), Overloaded("full"), LogBroken("a gap", facts={"sequence": 3})],
)
async def test_where_quota_is_away_its_last_levels_hold(error):
    quota, clock = LevelsOnly(quota_level("total", settled=90)), Clock()
    levels = levels_of(quota, clock)
    await levels.matching(ANN, [OPUS])
    quota.error, clock.now_ns = error, 42 * NS_PER_S
    found = await levels.matching(ANN, [OPUS])

    assert found.knowledge is Knowledge.LAST_KNOWN
    assert found.age_ns == 42 * NS_PER_S
    assert [level.settled for level in found.matching(OPUS)] == [90]


async def test_where_quota_never_answered_nothing_is_known():
    quota = LevelsOnly()
    quota.error = Unavailable("away")
    found = await levels_of(quota).matching(ANN, [OPUS])
    assert (found.knowledge, found.everywhere, found.age_ns) == (Knowledge.NONE, (), 0)


async def test_a_quota_that_hangs_is_away_after_the_timeout():
    quota = LevelsOnly(quota_level("total"))
    quota.never_answers = True
    found = await levels_of(quota, timeout_s=0.01).matching(ANN, [OPUS])
    assert found.knowledge is Knowledge.NONE


async def test_the_last_levels_of_one_caller_are_not_those_of_another():
    quota = LevelsOnly(quota_level("total", settled=90))
    levels = levels_of(quota)
    await levels.matching(ANN, [])
    quota.error = Unavailable("away")
    bob = ledger_pb2.Attribution(tenant_id="acme", user_id="user_bob")
    assert (await levels.matching(bob, [])).knowledge is Knowledge.NONE


async def test_the_next_task_of_a_caller_knows_the_levels_but_not_those_of_the_task_before():
    quota = LevelsOnly(quota_level("of-task", task_id="task_1"), quota_level("total"))
    levels = levels_of(quota)
    first = await levels.matching(ANN, [])
    quota.error = Unavailable("away")
    next_task = ledger_pb2.Attribution(tenant_id="acme", user_id="user_ann", task_id="task_2")
    second = await levels.matching(next_task, [])

    assert [level.limit_id for level in first.everywhere] == ["of-task", "total"]
    assert [level.limit_id for level in second.everywhere] == ["total"]


async def test_a_target_that_is_new_while_quota_is_away_has_what_holds_for_the_task():
    quota = LevelsOnly(quota_level("total", settled=90))
    levels = levels_of(quota)
    await levels.matching(ANN, [OPUS])
    quota.error = Unavailable("away")
    found = await levels.matching(ANN, [OPUS, GPT])
    assert found.knowledge is Knowledge.LAST_KNOWN
    assert [level.limit_id for level in found.matching(GPT)] == ["total"]


async def test_what_quota_finds_wrong_with_a_request_is_told_to_its_caller():
    quota = LevelsOnly()
    quota.error = InvalidRequest.of("attribution.team_id", " x", "mend it")
    with pytest.raises(InvalidRequest) as raised:
        await levels_of(quota).matching(ANN, [OPUS, GPT])
    assert raised.value is quota.error


async def test_a_caller_who_leaves_cancels_what_was_asked():
    quota = LevelsOnly()
    quota.never_answers = True
    waiting = asyncio.create_task(levels_of(quota).matching(ANN, [OPUS]))
    await quota.asked.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
