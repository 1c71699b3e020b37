"""The lease keeps replicas from quarrelling; safety is the log's."""

import asyncio

import pytest

from bursar.errors import LogUnavailable
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.lease import BrokerLease, LeaseTerms
from bursar.eventlog.log import Cursor
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
