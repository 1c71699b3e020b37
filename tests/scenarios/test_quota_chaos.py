"""Whatever happens to replicas and their broker: nothing acknowledged is lost, nothing overspent.

BURSAR_CHAOS_S=60 BURSAR_CHAOS_SEED=7 pytest tests/scenarios/test_quota_chaos.py runs longer, or
again.
"""

import os
import secrets

import pytest

from chaos import chaos, digest_once_it_answers
from nats_broker import NatsBroker
from quota_fleet import fleet_of
from quota_history import wrong_in_history
from quota_services import digest_of_replay

pytestmark = pytest.mark.broker

# A minute where a change lands, less at a desk.
DURATION_S = float(os.environ.get("BURSAR_CHAOS_S") or (60 if os.environ.get("CI") else 15))
SEED = int(os.environ.get("BURSAR_CHAOS_SEED") or secrets.randbelow(1_000_000))


@pytest.fixture
def broker():
    started = NatsBroker().start()
    yield started
    started.remove()


async def test_every_acknowledged_reservation_is_in_the_log_once_and_live_equals_replay(
    broker, tmp_path
):
    print(f"BURSAR_CHAOS_SEED={SEED}")
    async with fleet_of(3, broker.url, tmp_path) as fleet:
        ledger = await chaos(fleet, broker, SEED, DURATION_S)
        assert len(ledger.acknowledged) > DURATION_S  # it got on, through all of it
        assert await wrong_in_history(fleet.log, ledger.acknowledged) == []
        replayed = await digest_of_replay(fleet.log)
        for replica in fleet.replicas:
            assert await digest_once_it_answers(replica.quota) == replayed
