"""Kills by the number: of quota and of its broker, under callers that never stop asking.

BURSAR_FAULTS=long pytest -s tests/scenarios/test_quota_faults.py kills quota 100 times and the
broker 50 times, stops a leader for 30 s and the broker for 1, 5 and 30 s.
"""

import pytest

from chaos import (
    amid,
    digest_once_it_answers,
    kill_the_leader,
    one_more,
    stop_the_leader,
    take_the_broker_away,
)
from fault_rounds import IS_LONG, SEED, rounds
from nats_broker import NatsBroker
from quota_fleet import fleet_of
from quota_history import wrong_in_history
from quota_services import digest_of_replay

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3600 if IS_LONG else 180)]


@pytest.fixture
def broker():
    started = NatsBroker().start()
    yield started
    started.remove()


async def gone_through(fleet, times, trouble):
    """So many times, each once quota goes on from the last; what the log's history says of it."""

    async def once(ledger):
        await one_more(ledger)
        await trouble()

    ledger = await amid(fleet, SEED, [once] * times + [one_more])
    assert await wrong_in_history(fleet.log, ledger.acknowledged) == []
    replayed = await digest_of_replay(fleet.log)
    for replica in fleet.replicas:
        assert await digest_once_it_answers(replica.quota) == replayed


async def test_killed_again_and_again_quota_loses_nothing_and_overspends_nothing(broker, tmp_path):
    async with fleet_of(2, broker.url, tmp_path) as fleet:
        await gone_through(fleet, rounds(2, 100), lambda: kill_the_leader(fleet))


async def test_with_its_broker_killed_again_and_again_it_does_not_either(broker, tmp_path):
    async with fleet_of(2, broker.url, tmp_path) as fleet:
        await gone_through(fleet, rounds(2, 50), lambda: take_the_broker_away(broker, 0.1))


@pytest.mark.parametrize("away_s", [1, 5, 30] if IS_LONG else [1])
async def test_nor_with_its_broker_away_for_a_while(broker, tmp_path, away_s):
    async with fleet_of(2, broker.url, tmp_path) as fleet:
        await gone_through(fleet, rounds(1, 1), lambda: take_the_broker_away(broker, away_s))


async def test_nor_with_a_leader_that_stands_still_while_another_rises(broker, tmp_path):
    async with fleet_of(2, broker.url, tmp_path) as fleet:
        stopped_s = 30 if IS_LONG else 6  # a lease lives for 5 s
        await gone_through(fleet, rounds(1, 3), lambda: stop_the_leader(fleet, stopped_s))
