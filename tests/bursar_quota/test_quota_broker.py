"""Quota as processes on a real broker: attacked, killed, and cut off from its log."""

from __future__ import annotations

import asyncio

import pytest

from bursar.clients.quota import RemoteQuota
from bursar.errors import LimitExceeded, LogUnavailable, Unavailable
from bursar.eventlog.certain import Patience
from bursar.eventlog.jetstream import JetStreamLog
from bursar.eventlog.nats_access import Access
from bursar.quota.v1 import quota_pb2
from bursar.rpc.calling import channel_to
from bursar_quota.domain.events import Reserved
from nats_broker import NatsBroker
from quota_fleet import END_TIMEOUT_S, Processes, said
from quota_services import (
    COST_NANO_USD,
    a_limit,
    a_reserve,
    a_settle,
    digest_of,
    digest_of_replay,
    outcomes,
    replayed,
    serving,
)

pytestmark = pytest.mark.broker

CALLERS = 4


@pytest.fixture
def broker():
    started = NatsBroker().start()
    yield started
    started.remove()


@pytest.fixture
def processes():
    started = Processes()
    yield started
    started.end()


@pytest.fixture
async def connect():
    """Clients of a process by its address, closed at the end."""
    channels = []

    def make(address):
        channels.append(channel_to(address))
        return RemoteQuota(channels[-1])

    yield make
    for channel in channels:
        await channel.close()


async def test_200_callers_of_several_processes_on_a_budget_for_20_get_20(
    broker, processes, connect, tmp_path
):
    address = (await said(processes.start("quota_process.py", broker.url, 0, tmp_path)))["address"]
    quota = connect(address)
    await quota.put_limit(a_limit(20 * COST_NANO_USD))
    attackers = [
        processes.start("quota_attacker.py", address, 200 // CALLERS, f"caller{n}")
        for n in range(CALLERS)
    ]
    for attacker in attackers:
        assert await said(attacker) == "ready"
    for attacker in attackers:
        attacker.stdin.write("go\n")
        attacker.stdin.flush()
    reports = [await said(attacker) for attacker in attackers]
    granted = [one for report in reports for one in report["granted"]]
    assert (len(granted), sum(report["refused"] for report in reports)) == (20, 180)
    log = JetStreamLog(Access((broker.url,)))
    _, events = await replayed(log)
    reserved = [event.reservation_id for event in events if isinstance(event, Reserved)]
    assert sorted(reserved) == sorted(granted)
    assert await digest_of(quota) == await digest_of_replay(log)
    await log.close()


async def test_killed_between_ack_and_answer_a_retry_gets_what_was_decided(
    broker, processes, connect, tmp_path
):
    dying = processes.start("quota_process.py", broker.url, 0, tmp_path, 2)
    address = (await said(dying))["address"]
    quota = connect(address)
    await quota.put_limit(a_limit(20 * COST_NANO_USD))
    found = await outcomes(quota.reserve(a_reserve(f"r{n}")) for n in range(40))
    assert all(isinstance(one, Unavailable) for one in found)
    assert await asyncio.to_thread(dying.wait, END_TIMEOUT_S) == -9
    port = address.rsplit(":", 1)[1]
    await said(processes.start("quota_process.py", broker.url, port, tmp_path))
    log = JetStreamLog(Access((broker.url,)))
    _, events = await replayed(log)
    decided = {one.operation_id: one.reservation_id for one in events if isinstance(one, Reserved)}
    assert decided  # they are in the log, and nobody knows
    again = connect(address)
    found = await outcomes(again.reserve(a_reserve(f"r{n}")) for n in range(40))
    granted = {
        one.operation_id: one.reservation_id
        for one in found
        if isinstance(one, quota_pb2.ReserveResponse)
    }
    assert len(granted) == 20
    assert decided.items() <= granted.items()
    assert sum(isinstance(one, LimitExceeded) for one in found) == 20
    state, events = await replayed(log)
    assert sum(isinstance(one, Reserved) for one in events) == 20 == len(state.reservations)
    assert await digest_of(again) == await digest_of_replay(log)
    await log.close()


async def test_without_its_broker_quota_admits_nothing_and_goes_on_when_it_is_back(broker):
    log = JetStreamLog(Access((broker.url,)))
    patience = Patience(answer_s=0.3, pause_s=0.05, certainty_s=0.5)
    async with serving(log, patience=patience) as quota:
        await quota.put_limit(a_limit(20 * COST_NANO_USD))
        held = await quota.reserve(a_reserve("before"))
        broker.kill()
        async with asyncio.timeout(10):
            with pytest.raises(LogUnavailable):
                await quota.reserve(a_reserve("during"))
        broker.start()
        async with asyncio.timeout(30):
            while True:
                await quota.ready()
                try:
                    settled = await quota.settle(a_settle(held.reservation_id, operation_id="s"))
                    break
                except Unavailable:
                    await asyncio.sleep(0)
        assert settled.settled.cost_nano_usd == COST_NANO_USD
        found = await outcomes(quota.reserve(a_reserve(f"r{n}")) for n in range(30))
        assert sum(isinstance(one, quota_pb2.ReserveResponse) for one in found) == 19
        assert await digest_of(quota) == await digest_of_replay(log)
    await log.close()
