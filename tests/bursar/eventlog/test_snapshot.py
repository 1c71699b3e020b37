"""Snapshots are a cache: whatever is wrong with one, replay gives the same state."""

import pytest

from bursar.eventlog.frame import NO_HASH, FrameKind, Heading, encode, frame_hash
from bursar.eventlog.log import Cursor
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.snapshot import Snapshot, Snapshots
from bursar.eventlog.stream import StreamId

USAGE = StreamId("usage")


def snapshot_at(sequence, own_hash=b"h" * 32):
    return Snapshot(Cursor(USAGE, sequence, own_hash), body=b"body %d" % sequence, chain=b"chain")


def test_what_was_written_is_read_newest_first(tmp_path):
    snapshots = Snapshots(tmp_path, USAGE, schema_version=1)
    for sequence in (5, 10, 200):
        snapshots.write(snapshot_at(sequence))
    assert snapshots.usable() == [snapshot_at(200), snapshot_at(10)]  # two are kept


@pytest.mark.parametrize("at", [0, 40, 100, -40, -1])
def test_a_damaged_one_is_passed_over_for_the_older(tmp_path, at):
    snapshots = Snapshots(tmp_path, USAGE, schema_version=1)
    snapshots.write(snapshot_at(1))
    newest = snapshots.write(snapshot_at(2))
    damaged = bytearray(newest.read_bytes())
    damaged[at] ^= 1
    newest.write_bytes(bytes(damaged))
    assert snapshots.usable() == [snapshot_at(1)]


@pytest.mark.parametrize("left_bytes", [0, 10, 120])
def test_a_cut_one_is_passed_over(tmp_path, left_bytes):
    snapshots = Snapshots(tmp_path, USAGE, schema_version=1)
    path = snapshots.write(snapshot_at(2))
    path.write_bytes(path.read_bytes()[:left_bytes])
    assert snapshots.usable() == []


def test_one_of_another_schema_version_is_passed_over(tmp_path):
    Snapshots(tmp_path, USAGE, schema_version=2).write(snapshot_at(1))
    assert Snapshots(tmp_path, USAGE, schema_version=1).usable() == []


def test_streams_and_partitions_keep_apart(tmp_path):
    Snapshots(tmp_path, StreamId("usage", 1), schema_version=1).write(
        Snapshot(Cursor(StreamId("usage", 1), 3), b"other")
    )
    assert Snapshots(tmp_path, USAGE, schema_version=1).usable() == []


def test_no_directory_means_no_snapshot(tmp_path):
    assert Snapshots(tmp_path / "missing", USAGE, schema_version=1).usable() == []


async def test_one_whose_frame_the_log_does_not_have_is_dropped(tmp_path):
    log = MemoryLog()
    await log.open(USAGE)
    heading = Heading(FrameKind.EPOCH, USAGE, b"w" * 16, 1, 1, b"a" * 16, 1, 1, NO_HASH)
    frame = encode(heading, [])
    await log.append(USAGE, frame, 0, 1.0)
    snapshots = Snapshots(tmp_path, USAGE, schema_version=1)
    right = snapshot_at(1, frame_hash(frame))
    snapshots.write(right)
    snapshots.write(snapshot_at(7))  # of a log that was longer, or another
    assert await snapshots.newest(log) == right
    assert await snapshots.newest(await _empty()) is None


async def _empty():
    log = MemoryLog()
    await log.open(USAGE)
    return log
