"""No admission above a hard limit, whoever asks, however many, and whoever is killed meanwhile.

`python benchmarks/quota_attack.py` is the long form.
"""

import asyncio

import pytest

from attack import Attack, run, set_budgets, spread_over
from nats_broker import NatsBroker
from quota_fleet import END_TIMEOUT_S, Fleet, fleet_of

pytestmark = pytest.mark.broker


@pytest.fixture
def broker():
    started = NatsBroker().start()
    yield started
    started.remove()


def assert_exact(report, attack):
    assert len(report.granted) == attack.expected
    assert report.refused == attack.reservations - attack.expected
    assert report.in_log == report.granted  # each exactly once
    assert report.utilisation_pct(attack) == 100


async def test_of_200_at_once_20_get_a_budget_for_20_also_when_the_leader_dies_before_it_answers(
    broker, tmp_path
):
    attack = Attack()
    fleet = Fleet(broker.url, tmp_path)
    try:
        # The limit is its first frame of events; it dies when the second is in the log.
        leader = await fleet.start(dies_after_frames=2)
        await fleet.start()
        await set_budgets(fleet, attack)
        report = await run(fleet, attack)
        assert await asyncio.to_thread(leader.process.wait, END_TIMEOUT_S) == -9
        assert_exact(report, attack)
    finally:
        await fleet.close()


async def test_64_tenants_over_16_partitions_led_from_three_replicas_get_what_fits_and_no_more(
    broker, tmp_path
):
    attack = Attack(reservations=512, fits=128, tenants=64)
    async with fleet_of(3, broker.url, tmp_path, partitions=16) as fleet:
        await spread_over(fleet, 3)
        await set_budgets(fleet, attack)
        assert_exact(await run(fleet, attack), attack)
