"""A power cut takes what was not synced. What was acknowledged was synced."""

from contextlib import suppress

import pytest

from bursar.errors import LimitExceeded
from power_cut import PowerCutLog
from quota_history import wrong_in_history
from quota_services import COST_NANO_USD, a_limit, a_reserve, digest_of, digest_of_replay, serving

FITS = 20


async def lost_in_a_power_cut(*, syncs_always):
    """What is wrong with the log after it, and with what goes on from there."""
    log = PowerCutLog(syncs_always=syncs_always)
    acknowledged = []
    async with serving(log) as quota:
        await quota.put_limit(a_limit(FITS * COST_NANO_USD))
        log.sync()
        for number in range(FITS // 2):
            acknowledged.append((await quota.reserve(a_reserve(f"r{number}"))).reservation_id)
    left = log.cut_the_power()
    async with serving(left) as quota:
        for number in range(2 * FITS):
            with suppress(LimitExceeded):
                acknowledged.append((await quota.reserve(a_reserve(f"r{number}"))).reservation_id)
        assert await digest_of(quota) == await digest_of_replay(left)
    return await wrong_in_history(left, set(acknowledged))


async def test_with_every_write_synced_nothing_acknowledged_is_lost():
    assert await lost_in_a_power_cut(syncs_always=True) == []


async def test_with_the_brokers_default_the_same_is_lost_and_seen_to_be():
    wrong = await lost_in_a_power_cut(syncs_always=False)
    assert len(wrong) == FITS // 2
    assert all("acknowledged and is lost" in each for each in wrong)


@pytest.mark.parametrize("cuts", range(1, 6))
async def test_power_that_is_cut_again_and_again_loses_nothing(cuts):
    log = PowerCutLog(syncs_always=True)
    acknowledged = set()
    for cut in range(cuts):
        async with serving(log) as quota:
            if cut == 0:
                await quota.put_limit(a_limit(FITS * COST_NANO_USD))
            for number in range(3 * cut, 3 * cut + 3):
                held = await quota.reserve(a_reserve(f"r{number}"))
                acknowledged.add(held.reservation_id)
        left = log.cut_the_power()
        log = PowerCutLog(syncs_always=True)
        log._streams, log._synced = left._streams, {}
        log.sync()
    assert await wrong_in_history(log, acknowledged) == []
