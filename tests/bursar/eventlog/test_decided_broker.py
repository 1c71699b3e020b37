"""The writer on a real broker whose answers come late or never, and which is killed."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from bursar.errors import SteppedDown, Unavailable
from bursar.eventlog.certain import Patience
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.frame import FrameKind, decode
from bursar.eventlog.log import Cursor
from bursar.eventlog.projection import Projection
from bursar.eventlog.tentative import Untracked
from tcp_proxy import TcpProxy, Way
from toy_budget import Budget, BudgetDecider, Take, budget

pytestmark = pytest.mark.broker

AMOUNT = 100_000
QUICK = Patience(answer_s=0.15, pause_s=0.02, certainty_s=10.0)


@asynccontextmanager
async def leading(log, stream, **terms):
    await log.open(stream)
    settings = {"patience": QUICK, "tick_s": 60.0, "standby_s": 0.05} | terms
    writer = DecidedWriter(
        log, BudgetDecider(), budget(AMOUNT), Cursor(stream), WriterTerms(**settings)
    )
    running = asyncio.ensure_future(writer.run())
    try:
        async with asyncio.timeout(20):
            await writer.ready.wait()
        yield writer
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def submit_until_answered(writer, command):
    while True:
        await writer.ready.wait()
        try:
            return await writer.submit(command)
        except Unavailable:
            await asyncio.sleep(0)


async def replayed(log, stream):
    """The state by replay, and how often each operation is in the log."""
    decider, found = BudgetDecider(), Counter()

    def apply(state, event_bytes, number):
        event = decider.decode(event_bytes, number)
        found[event.operation_id] += 1
        decider.evolve(state, event, Untracked())
        return state

    projection = Projection(budget(AMOUNT), DecidedChain(Cursor(stream)), apply)
    async with asyncio.timeout(20):
        await projection.catch_up(log, (await log.tail(stream)).sequence)
    return projection.state, found


async def kinds_in(log, stream):
    tail = await log.tail(stream)
    records = [await log.get(stream, sequence) for sequence in range(1, tail.sequence + 1)]
    return [decode(record.frame, stream, record.sequence).header.kind for record in records]


async def answer_lost(proxy, after):
    await proxy.down(Way.DROP, after=after, until_stopped=1)
    await proxy.down(Way.PASS)


async def never_arrives(proxy, after):
    await proxy.up(Way.DROP, after=after, until_stopped=1)
    await proxy.up(Way.PASS)


async def arrives_late(proxy, after):
    """After the writer has given up and come with another connection."""
    await proxy.up(Way.HOLD, after=after, until_stopped=2)
    await proxy.up(Way.PASS)


async def answer_late(proxy, after):
    await proxy.down(Way.HOLD, after=after, until_stopped=2)
    await proxy.down(Way.PASS)


async def cut_after_arrival(proxy, after):
    await proxy.down(Way.DROP, after=after, until_stopped=1)
    proxy.cut()
    await proxy.down(Way.PASS)


async def cut_before_arrival(proxy, after):
    await proxy.up(Way.DROP, after=after, until_stopped=1)
    proxy.cut()
    await proxy.up(Way.PASS)


async def cut_before_arrival_then_late(proxy, after):
    await proxy.up(Way.HOLD, after=after, until_stopped=1)
    proxy.cut()
    await proxy.up(Way.HOLD, until_stopped=1)  # on the next connection
    await proxy.up(Way.PASS)


FAULTS = [
    answer_lost,
    never_arrives,
    arrives_late,
    answer_late,
    cut_after_arrival,
    cut_before_arrival,
    cut_before_arrival_then_late,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_a_publish_answered_late_or_never_neither_doubles_nor_loses(
    broker, connect, usage, fault
):
    """The fault meets the first, second, third... piece that goes over the wire."""
    seen = connect(broker.url)
    answered = []
    async with TcpProxy(broker.port).serving() as proxy:
        log = connect(proxy.url)

        async def client(name):
            for number in range(6):
                take = Take(f"{name}-{number}", 1)
                answered.append(await submit_until_answered(writer, take))

        async with leading(log, usage) as writer, asyncio.timeout(60):
            for after in range(5):
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(fault(proxy, after))
                    for number in range(3):
                        tasks.create_task(client(f"{after}-{number}"))
            live = await writer.read(Budget.digest)
        await log.close()
    state, found = await replayed(seen, usage)
    assert len(answered) == 90
    assert found == {answer.operation_id: 1 for answer in answered}
    assert live == state.digest()
    assert state.left["total"] == AMOUNT - len(answered)
    await seen.close()


async def test_a_cut_connection_is_replaced_and_the_writer_goes_on_leading(broker, connect, usage):
    async with TcpProxy(broker.port).serving() as proxy:
        log = connect(proxy.url)
        async with leading(log, usage) as writer:
            await writer.submit(Take("before", 1))
            proxy.cut()
            await submit_until_answered(writer, Take("after", 1))
            assert writer.epoch == 1
        await log.close()


async def test_the_old_leaders_frames_never_land_behind_the_new_epoch(broker, connect, usage):
    new_log = connect(broker.url)
    async with TcpProxy(broker.port).serving() as proxy:
        old_log = connect(proxy.url)
        patience = Patience(answer_s=5.0, pause_s=0.02, certainty_s=10.0)
        async with leading(old_log, usage, patience=patience, standby_s=60.0) as old:
            await old.submit(Take("before", 1))
            stopped = old.submit(Take("stopped", 1))
            # As if its process was stopped in the middle of an append.
            await proxy.up(Way.HOLD, until_stopped=1)
            async with leading(new_log, usage) as new:
                assert new.epoch == 2
                await new.submit(Take("new", 1))
                await proxy.up(Way.PASS)
                with pytest.raises(SteppedDown):
                    await stopped
                await new.submit(Take("stopped", 1))
        await old_log.close()
    assert (await replayed(new_log, usage))[1] == {"before": 1, "new": 1, "stopped": 1}
    kinds = await kinds_in(new_log, usage)
    assert kinds == [FrameKind[name] for name in ("EPOCH", "EVENTS", "EPOCH", "EVENTS", "EVENTS")]
    await new_log.close()


async def test_a_broker_killed_and_started_again_is_survived_by_writer_and_reader(
    own_broker, connect, usage
):
    log = connect(own_broker.url)
    numbers = []

    def collect(state, event_bytes, number):
        numbers.append(number)
        return state

    async with leading(log, usage) as writer, asyncio.timeout(60):
        reader = Projection(None, DecidedChain(Cursor(usage)), collect)
        reading_log = connect(own_broker.url)
        await reader.attach(reading_log)
        following = asyncio.ensure_future(reading_log.follow(reader.cursor, reader.fold))
        await asyncio.gather(*(writer.submit(Take(f"a-{n}", 1)) for n in range(50)))
        for round_number in range(3):
            in_flight = [
                asyncio.ensure_future(submit_until_answered(writer, Take(f"{round_number}-{n}", 1)))
                for n in range(50)
            ]
            for _ in range(round_number):
                await asyncio.sleep(0)  # the frame is a little further on its way
            own_broker.kill()
            own_broker.start()
            await asyncio.gather(*in_flight)
        live = await writer.read(Budget.digest)
        await reader.catch_up(reading_log, writer.cursor.sequence)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await reading_log.close()
    state, found = await replayed(log, usage)
    assert set(found.values()) == {1} and len(found) == 200
    assert live == state.digest()
    assert numbers == list(range(1, 201))
    await log.close()


async def test_a_frozen_broker_answers_nobody_wrongly(own_broker, connect, usage):
    log = connect(own_broker.url)
    async with leading(log, usage) as writer, asyncio.timeout(60):
        await writer.submit(Take("before", 1))
        own_broker.freeze()
        waiting = asyncio.ensure_future(submit_until_answered(writer, Take("frozen", 1)))
        assert not (await asyncio.wait((waiting,), timeout=0.5))[0]
        own_broker.thaw()
        assert (await waiting).left == AMOUNT - 2
    assert (await replayed(log, usage))[1] == {"before": 1, "frozen": 1}
    await log.close()
