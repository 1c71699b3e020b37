"""The lease keeps replicas from quarrelling; safety is the log's."""

import asyncio
from time import time_ns

import pytest

from bursar.errors import LogUnavailable, SteppedDown
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.lease import BrokerLease, LeaseTerms, Replica
from bursar.eventlog.log import Cursor
from bursar.eventlog.seats import Seats
from bursar.eventlog.stream import StreamId
from toy_budget import BudgetDecider, Take, budget

pytestmark = pytest.mark.broker

QUICK = LeaseTerms(ttl_s=1.0)


async def within(seconds, awaitable):
    async with asyncio.timeout(seconds):
        return await awaitable


async def test_one_holds_it_until_it_is_given_back(broker, connect, usage):
    log = connect(broker.url)
    first, second = (BrokerLease(log.connection, usage, QUICK) for _ in range(2))
    await within(10, first.acquire())
    with pytest.raises(TimeoutError):
        await within(1.5, second.acquire())  # longer than it lives: it is renewed
    await first.release()
    await within(10, second.acquire())
    await second.release()
    await second.release()
    await log.close()


async def test_it_lapses_when_its_holder_is_gone(broker, connect, usage):
    log, gone = connect(broker.url), connect(broker.url)
    first, second = BrokerLease(gone.connection, usage, QUICK), None
    await within(10, first.acquire())
    await gone.close()  # killed: it renews no more, and gives nothing back
    second = BrokerLease(log.connection, usage, QUICK)
    await within(10, second.acquire())
    await second.release()
    await first.release()
    await log.close()


async def test_streams_have_leases_of_their_own(broker, connect, usage):
    log = connect(broker.url)
    leases = [
        BrokerLease(log.connection, stream, QUICK)
        for stream in (usage, type(usage)("tasks", usage.partition))
    ]
    await within(10, asyncio.gather(*(lease.acquire() for lease in leases)))
    await asyncio.gather(*(lease.release() for lease in leases))
    await log.close()


async def test_a_broker_that_restarts_forgets_it_and_somebody_takes_it_again(
    own_broker, connect, usage
):
    log = connect(own_broker.url)
    leases = [BrokerLease(log.connection, usage, QUICK) for _ in range(2)]
    await within(10, leases[0].acquire())
    own_broker.kill()
    own_broker.start()
    waiting = asyncio.ensure_future(leases[1].acquire())
    await asyncio.sleep(0)
    await leases[0].release()
    await within(10, waiting)  # the bucket was made anew by whoever met its absence
    await leases[1].release()
    await log.close()


async def test_a_standby_follows_and_leads_when_the_leader_ends(broker, connect, usage):
    log = connect(broker.url)
    await log.open(usage)
    writers = [
        DecidedWriter(
            log,
            BudgetDecider(),
            budget(100),
            Cursor(usage),
            WriterTerms(lease=BrokerLease(log.connection, usage, QUICK), tick_s=60.0),
        )
        for _ in range(2)
    ]
    running = [asyncio.ensure_future(writer.run()) for writer in writers]
    waiting = [asyncio.ensure_future(writer.ready.wait()) for writer in writers]
    await within(10, asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED))
    led, standing_by = sorted(range(2), key=lambda number: not writers[number].ready.is_set())
    assert not writers[standing_by].ready.is_set()
    await writers[led].submit(Take("op", 1))
    with pytest.raises(LogUnavailable, match="not led from here"):
        writers[standing_by].submit(Take("other", 1))
    running[led].cancel()
    await asyncio.gather(running[led], return_exceptions=True)
    await within(10, writers[standing_by].ready.wait())
    assert writers[standing_by].epoch == 2
    assert (await writers[standing_by].submit(Take("op", 1))).left == 99
    with pytest.raises(LogUnavailable, match="not led from here"):
        writers[led].submit(Take("late", 1))
    for task in running + waiting:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await log.close()


class Neighbour:
    """A process that others watch, until it is gone."""

    def __init__(self):
        self.is_gone = asyncio.Event()
        self.watched = asyncio.Event()

    async def watch(self, address):
        self.watched.set()
        await self.is_gone.wait()


async def test_a_standby_takes_it_at_once_when_the_leaders_process_is_gone(broker, connect, usage):
    log, gone, neighbour = connect(broker.url), connect(broker.url), Neighbour()
    slow = LeaseTerms(ttl_s=60.0)
    first = BrokerLease(gone.connection, usage, slow, Replica("first:1"))
    standby = Replica("second:2", watch=neighbour.watch)
    second = BrokerLease(log.connection, usage, slow, standby)
    await within(10, first.acquire())
    waiting = asyncio.ensure_future(second.acquire())
    await within(10, neighbour.watched.wait())
    assert second.leader == "first:1"
    assert not second.is_held
    neighbour.is_gone.set()
    await within(10, waiting)  # its lease would have lived for a minute
    assert second.is_held
    await gone.close()
    await first.release()
    await second.release()
    await log.close()


async def test_a_holder_hears_that_another_has_taken_it(broker, connect, usage):
    log, neighbour = connect(broker.url), Neighbour()
    neighbour.is_gone.set()  # so it is believed, though the first lives on
    leases = [
        BrokerLease(log.connection, usage, QUICK, Replica(f"host:{n}", watch=neighbour.watch))
        for n in range(2)
    ]
    await within(10, leases[0].acquire())
    await within(10, leases[1].acquire())
    await within(10, leases[0].contested.wait())
    assert not leases[0].is_held
    assert leases[0].leader == "host:1"
    for lease in leases:
        await lease.release()
    await log.close()


async def test_leaders_of_many_partitions_are_spread_and_go_where_they_belong(broker, connect):
    log = connect(broker.url)
    addresses = [f"host:{n}" for n in range(3)]
    seats = [Seats(log.connection, f"s{id(log)}", address, 1.0) for address in addresses]
    sitting = [asyncio.ensure_future(seat.run()) for seat in seats]
    streams = [StreamId("usage", 700 + n) for n in range(16)]
    # All are taken by the first at a time when it knows of no other.
    early = [
        BrokerLease(log.connection, stream, QUICK, Replica(addresses[0], seats=seats[0]))
        for stream in streams
    ]
    for lease in early:
        await within(10, lease.acquire())
    handed_on = 0
    for lease, stream in zip(early, streams, strict=True):
        if seats[1].nearest(stream) not in ("", addresses[0]):
            await within(20, lease.contested.wait())
            assert lease.is_held
            handed_on += 1
    assert handed_on >= 4
    for lease in early:
        await lease.release()
    for task in sitting:
        task.cancel()
    await asyncio.gather(*sitting, return_exceptions=True)
    await log.close()


async def test_an_idle_leader_stops_answering_once_another_leads(broker, connect, usage):
    log, neighbour = connect(broker.url), Neighbour()
    neighbour.is_gone.set()
    await log.open(usage)
    # Only the second takes from a neighbour that it believes to be gone.
    replicas = (Replica("host:0"), Replica("host:1", watch=neighbour.watch))
    first, second = (
        DecidedWriter(
            log,
            BudgetDecider(),
            budget(100),
            Cursor(usage),
            WriterTerms(
                lease=BrokerLease(log.connection, usage, QUICK, replica),
                clock=lambda: 1,
                tick_s=60.0,
            ),
        )
        for replica in replicas
    )
    running = [asyncio.ensure_future(first.run())]
    await within(10, first.ready.wait())
    answers_no_more = asyncio.ensure_future(_refuses_reads(first))
    running.append(asyncio.ensure_future(second.run()))
    await within(10, second.ready.wait())
    await within(10, answers_no_more)
    assert first.leader == "host:1"
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await log.close()


async def test_a_replica_whose_clock_is_not_believed_keeps_the_lease_from_nobody(
    broker, connect, usage
):
    log = connect(broker.url)
    await log.open(usage)
    ahead, right = (
        DecidedWriter(
            log,
            BudgetDecider(),
            budget(100),
            Cursor(usage),
            WriterTerms(
                lease=BrokerLease(log.connection, usage, QUICK, Replica(f"host:{hours_ahead}")),
                clock=lambda hours_ahead=hours_ahead: time_ns() + hours_ahead * 3600 * 10**9,
                tick_s=60.0,
            ),
        )
        for hours_ahead in (1, 0)
    )
    running = [asyncio.ensure_future(ahead.run())]
    await log.get(usage, 1)  # the first has had its turn meanwhile
    running.append(asyncio.ensure_future(right.run()))
    await within(10, right.ready.wait())
    assert not ahead.ready.is_set()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await log.close()


async def _refuses_reads(writer):
    """Returns when it does, though nobody orders anything."""
    with pytest.raises(SteppedDown):
        while True:
            await writer.read(lambda state: None)
