"""Three replicas: what the leader of a stream does when it dies is survived without a trace."""

import asyncio
import json
from collections import Counter

import pytest

from bursar.errors import Unavailable
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.jetstream import JetStreamLog, JetStreamTerms
from bursar.eventlog.lease import BrokerLease, LeaseTerms
from bursar.eventlog.log import Cursor
from bursar.eventlog.nats_access import Access
from bursar.eventlog.projection import Projection, follow_into
from bursar.eventlog.stream import StreamId
from bursar.eventlog.tentative import Untracked
from nats_cluster import NatsCluster
from toy_budget import Budget, BudgetDecider, Take, budget

pytestmark = pytest.mark.broker

USAGE = StreamId("usage")
AMOUNT = 1_000_000


@pytest.fixture
def cluster():
    started = NatsCluster().start()
    yield started
    started.remove()


async def until_available(ask):
    """What `ask` gives, as soon as the cluster has elected who can tell."""
    while True:
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(0.1)


async def leader_of(log):
    connection = await log.connection()
    reply = await connection.request(f"$JS.API.STREAM.INFO.{USAGE.jetstream_name}", b"", 2.0)
    return json.loads(reply.payload)["cluster"]["leader"]


async def submit_until_answered(writer, command):
    while True:
        await writer.ready.wait()
        try:
            return await writer.submit(command)
        except Unavailable:
            await asyncio.sleep(0.01)


def counting(state):
    """A projection of what happened how often, and the state by replay."""
    decider, found = BudgetDecider(), Counter()

    def apply(folded, event_bytes, number):
        event = decider.decode(event_bytes, number)
        found[event.operation_id] += 1
        decider.evolve(folded, event, Untracked())
        return folded

    return Projection(state, DecidedChain(Cursor(USAGE)), apply), found


async def test_a_leader_killed_under_load_loses_nothing_and_doubles_nothing(cluster):
    terms = JetStreamTerms(replicas=3, store_bytes=1024**3)
    log, reading = (JetStreamLog(Access(cluster.urls), terms) for _ in range(2))
    async with asyncio.timeout(100):
        await until_available(lambda: log.open(USAGE))
        lease = BrokerLease(log.connection, USAGE, LeaseTerms(ttl_s=3.0, replicas=3))
        writer = DecidedWriter(
            log, BudgetDecider(), budget(AMOUNT), Cursor(USAGE), WriterTerms(lease=lease)
        )
        follower, seen = counting(budget(AMOUNT))
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(writer.run())
            following = tasks.create_task(follow_into(follower, reading))
            takes = iter(range(AMOUNT))

            async def wave(size):
                commands = [Take(f"op-{next(takes)}", 1) for _ in range(size)]
                await asyncio.gather(*(submit_until_answered(writer, each) for each in commands))

            await wave(50)
            killed = cluster.node_named(await leader_of(log))
            in_flight = tasks.create_task(wave(50))
            await asyncio.sleep(0)
            killed.kill()
            await in_flight
            killed.start()
            await wave(50)
            live, cursor = await writer.read(Budget.digest), writer.cursor
            following.cancel()
            await asyncio.wait((following,))
            await follower.catch_up(reading, cursor.sequence)
            running.cancel()
        replay, found = counting(budget(AMOUNT))
        await replay.catch_up(log, cursor.sequence)
        assert found == seen == {f"op-{number}": 1 for number in range(150)}
        assert live == replay.state.digest() == follower.state.digest()
        await log.close()
        await reading.close()
