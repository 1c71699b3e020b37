"""Snapshots save time and change nothing: used, damaged, forked or gone, the state is the same."""

from __future__ import annotations

import random

import pytest

from bursar.errors import LogBroken
from bursar.eventlog.frame import frame_hash
from bursar.eventlog.log import Cursor
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.snapshot import Snapshot, Snapshots
from bursar_quota.dump import DUMP_VERSION
from bursar_quota.settings import QuotaSettings
from bursar_quota.wire import USAGE
from quota_services import (
    COST_NANO_USD,
    a_limit,
    a_reserve,
    a_settle,
    digest_of,
    digest_of_replay,
    serving,
)

SEED = 4
CUT_PART = 0.1  # of the damaged ones are cut off as well
OFTEN = QuotaSettings(snapshot_events=1000)  # so that 20 events are worth one at the end


async def used(log, directory, calls=12, settings=OFTEN):
    """A quota that worked, was drained and ended; how it stood then."""
    async with serving(log, settings, snapshots_dir=directory) as quota:
        await quota.put_limit(a_limit(500 * COST_NANO_USD))
        for _ in range(calls):
            held = await quota.reserve(a_reserve())
            await quota.settle(a_settle(held.reservation_id))
        await quota.reserve(a_reserve("open"))
        await quota.drain()
        return await digest_of(quota)


def spoil(log, sequence):
    frames = log._streams[USAGE].frames
    frames[sequence - 1] = frames[sequence - 1][:-1] + bytes([frames[sequence - 1][-1] ^ 1])


async def test_a_start_from_a_snapshot_stands_where_a_replay_stands_and_reads_only_the_tail(
    tmp_path,
):
    log = MemoryLog()
    before = await used(log, tmp_path)
    assert before == await digest_of_replay(log)
    spoil(log, 2)  # a replay would stumble over it
    async with serving(log, OFTEN, snapshots_dir=tmp_path) as again:
        assert await digest_of(again) == before
        first = await again.reserve(a_reserve("open"))  # known, its lease and its limits too
        await again.settle(a_settle(first.reservation_id))
        held = await again.reserve(a_reserve(cost_nano_usd=487 * COST_NANO_USD))
        assert held.is_near_limit
    async with serving(log) as replaying:
        with pytest.raises(LogBroken):
            await replaying.reserve(a_reserve())


async def test_a_snapshot_is_not_worth_it_for_a_few_events(tmp_path):
    await used(MemoryLog(), tmp_path, calls=3)
    assert not list(tmp_path.glob("*.snapshot"))


@pytest.mark.parametrize("place", [0, 100, -1])
async def test_a_damaged_snapshot_means_a_full_replay(tmp_path, place):
    log = MemoryLog()
    before = await used(log, tmp_path)
    (path,) = tmp_path.glob("*.snapshot")
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    async with serving(log, OFTEN, snapshots_dir=tmp_path) as again:
        assert await digest_of(again) == before


async def test_a_snapshot_damaged_in_any_of_a_thousand_places_is_never_used(tmp_path):
    await used(MemoryLog(), tmp_path)
    (path,) = tmp_path.glob("*.snapshot")
    content = path.read_bytes()
    snapshots = Snapshots(tmp_path, USAGE, DUMP_VERSION)
    assert len(snapshots.usable()) == 1
    rng = random.Random(SEED)
    for _ in range(1000):
        damaged = bytearray(content)
        damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        if rng.random() < CUT_PART:
            del damaged[rng.randrange(len(content)) :]
        path.write_bytes(damaged)
        assert snapshots.usable() == []


async def test_a_snapshot_that_no_longer_reads_means_a_full_replay(tmp_path):
    log = MemoryLog()
    before = await used(log, tmp_path, calls=1)
    tail = await log.tail(USAGE)
    record = await log.get(USAGE, tail.sequence)
    cursor = Cursor(USAGE, tail.sequence, frame_hash(record.frame))
    Snapshots(tmp_path, USAGE, DUMP_VERSION).write(Snapshot(cursor, b"\x93of another shape"))
    async with serving(log, OFTEN, snapshots_dir=tmp_path) as again:
        assert await digest_of(again) == before


async def test_a_snapshot_of_another_log_is_not_used(tmp_path):
    await used(MemoryLog(), tmp_path, calls=30)
    other = MemoryLog()
    expected = await used(other, tmp_path / "other", calls=40)
    async with serving(other, OFTEN, snapshots_dir=tmp_path) as quota:
        assert await digest_of(quota) == expected == await digest_of_replay(other)
