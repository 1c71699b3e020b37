"""The disk layer keeps what it acknowledged, gives nothing that is damaged, and stands aside when
it cannot work.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from zstandard import ZstdDecompressor

from bursar.errors import Overloaded
from bursar_cache.disk import BATCH_OPERATIONS_MAX, DiskLayer, Told
from bursar_cache.disk_table import FILE_NAME
from bursar_cache.disk_terms import DiskTerms
from bursar_cache.domain import EVER_NS, EvictionReason, Selection, Selector
from bursar_cache.memory import Kept
from bursar_cache.packing import Codec, EntryDamaged, body_of, parts_of, plain
from cache_entries import key_of

NOW_NS = 1_000
ENTRY_BYTES_MAX = 1_000_000


def entry(name: str, content: bytes = b"", tenant_id="acme", **fields) -> Kept:
    fields = {
        **{"model": "claude", "tags": (), "stored_at_ns": NOW_NS, "expires_at_ns": EVER_NS},
        **fields,
    }
    place = (tenant_id, key_of(name))
    body = body_of(content or name.encode() * 100, b"hit of " * 3)
    return Kept(place, codec=Codec.PLAIN, body=body, **fields)


def response_of(kept: Kept) -> bytes:
    return parts_of(kept.body)[0]


def read(disk: DiskLayer, kept: Kept) -> bytes | None:
    """The response that is given for `kept`, whose other parts have to be its own."""
    found = disk.read(kept.place)
    if found is None:
        return None
    assert (found.stored_at_ns, found.expires_at_ns) == (kept.stored_at_ns, kept.expires_at_ns)
    response, hit = parts_of(plain(found.codec, found.body, ZstdDecompressor(), ENTRY_BYTES_MAX))
    assert hit == b"hit of " * 3
    return response


@asynccontextmanager
async def opened(directory: Path, evictions=None, now=lambda: NOW_NS, packed=None, **terms):
    terms = {"bytes_max": 10**8, "free_pct_min": 0, **terms}
    packed = packed or asyncio.Queue()
    told = Told(([] if evictions is None else evictions).append, packed.put_nowait)
    disk = DiskLayer(DiskTerms(directory, clock=now, **terms), told)
    await disk.open()
    run = asyncio.ensure_future(disk.run())
    try:
        yield disk
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await disk.close()


@pytest.mark.parametrize("size", [1, 1_024, 1_025, 4_096, 200_000])
async def test_what_was_put_is_read_back_here_and_after_a_restart(tmp_path, size):
    kept = entry("a", os.urandom(size // 2) + bytes(size - size // 2))
    async with opened(tmp_path) as disk:
        assert await disk.put(kept)
        assert read(disk, kept) == response_of(kept)
    async with opened(tmp_path) as disk:
        assert read(disk, kept) == response_of(kept)


async def test_what_is_written_behind_goes_with_what_is_waited_for_and_at_the_latest_soon(tmp_path):
    async with opened(tmp_path, behind_s=3_600) as disk:
        assert disk.put_behind(entry("a"))
        assert disk.read(entry("a").place) is None
        await disk.put(entry("b"))
        assert read(disk, entry("a")) == response_of(entry("a"))
        assert disk.put_behind(entry("c"))
        await disk.drain()
        assert read(disk, entry("c")) == response_of(entry("c"))
    packed = asyncio.Queue()
    async with asyncio.timeout(10), opened(tmp_path, packed=packed, behind_s=0.01) as disk:
        disk.put_behind(entry("d", bytes(5_000)))
        assert (await packed.get()).place == entry("d").place
        assert disk.read(entry("d").place) is not None


async def test_what_is_written_behind_is_bounded(tmp_path):
    async with opened(tmp_path, behind_s=3_600) as disk:
        big = entry("a", bytes(30_000_000))
        assert [disk.put_behind(big) for _ in range(3)] == [True, True, False]
        with pytest.raises(Overloaded):
            await disk.put(big)


async def test_a_full_batch_does_not_wait(tmp_path):
    packed = asyncio.Queue()
    async with asyncio.timeout(10), opened(tmp_path, packed=packed, behind_s=3_600) as disk:
        for number in range(BATCH_OPERATIONS_MAX):
            disk.put_behind(entry(f"e{number}", bytes(5_000)))
        await packed.get()
        assert disk.read(entry("e0").place) is not None


async def test_what_was_compressed_for_the_disk_is_told_so(tmp_path):
    packed = asyncio.Queue()
    async with opened(tmp_path, packed=packed) as disk:
        await disk.put(entry("a", bytes(5_000)))
        await disk.put(entry("b", b"short"))

    assert packed.get_nowait()[:6] == (*entry("a")[:5], Codec.ZSTD)
    assert packed.empty()


async def test_a_later_store_takes_the_place_of_an_earlier_one(tmp_path):
    async with opened(tmp_path) as disk:
        new = entry("a", b"new")
        await asyncio.gather(disk.put(entry("a", b"old", tags=("x",))), disk.put(new))
        assert read(disk, new) == b"new"
        assert await disk.forget(Selection("acme", Selector.TAG, "x")) == 0
        assert (await disk.count("acme"))[0] == 1


async def test_one_tenants_entry_is_nothing_to_another(tmp_path):
    async with opened(tmp_path) as disk:
        await disk.put(entry("a"))
        assert disk.read(("acm", key_of("a"))) is None
        assert disk.read(("", key_of("a"))) is None
        assert await disk.forget(Selection("acm", Selector.EVERYTHING)) == 0
        assert await disk.count("acm") == (0, 0)
        assert (await disk.count(""))[0] == 1


async def test_entries_are_forgotten_by_key_tag_model_and_altogether(tmp_path):
    async with opened(tmp_path) as disk:
        for name, model, tags in (("a", "m1", ("x", "y")), ("b", "m1", ()), ("c", "m2", ("y",))):
            await disk.put(entry(name, model=model, tags=tags))
        assert await disk.forget(Selection("acme", Selector.TAG, "x")) == 1
        assert await disk.forget(Selection("acme", Selector.MODEL, "m1")) == 1
        assert await disk.forget(Selection("acme", Selector.KEY, exact_key=key_of("c"))) == 1
        await disk.put(entry("d", stored_at_ns=NOW_NS + 1))
        until_now = Selection("acme", Selector.EVERYTHING, stored_until_ns=NOW_NS)
        assert await disk.forget(until_now) == 0
        assert await disk.forget(Selection("acme", Selector.EVERYTHING)) == 1
        assert await disk.count("") == (0, 0)


async def test_what_expires_first_leaves_for_what_comes_and_the_file_stays_bounded(tmp_path):
    evictions = []
    async with opened(tmp_path, evictions, bytes_max=400_000) as disk:
        for number in range(200):
            name = f"e{number}"
            await disk.put(entry(name, os.urandom(8_000), expires_at_ns=NOW_NS + 1 + number))
        entries, _ = await disk.count("")
        assert disk.read(entry("e199").place) is not None
        assert disk.read(entry("e0").place) is None
        assert entries + len(evictions) == 200
    assert {eviction.reason for eviction in evictions} == {EvictionReason.SIZE}
    assert (tmp_path / FILE_NAME).stat().st_size <= 450_000


async def test_reading_all_the_time_does_not_keep_the_log_from_being_emptied(tmp_path):
    async with opened(tmp_path) as disk:
        for number in range(200):
            name = f"e{number}"
            assert await disk.put(entry(name, os.urandom(200_000)))
            assert disk.read(entry(name).place) is not None
            assert disk.read(entry("absent").place) is None
        log_bytes = (tmp_path / f"{FILE_NAME}-wal").stat().st_size
    assert log_bytes <= 10_000_000


async def test_expired_entries_leave_with_the_next_store(tmp_path):
    evictions = []
    clock = iter([NOW_NS, NOW_NS + 10, NOW_NS + 10])
    async with opened(tmp_path, evictions, now=lambda: next(clock)) as disk:
        await disk.put(entry("a", expires_at_ns=NOW_NS + 10))
        await disk.put(entry("b"))
        assert disk.read(entry("a").place) is None
    assert [(each.place, each.reason) for each in evictions] == [
        (entry("a").place, EvictionReason.EXPIRED)
    ]


async def test_no_flipped_byte_of_the_file_is_ever_given_as_an_answer(tmp_path):
    kept = [entry(f"e{number}", f"answer {number} ".encode() * 40) for number in range(30)]
    async with opened(tmp_path) as disk:
        for each in kept:
            await disk.put(each)
    path = tmp_path / FILE_NAME
    whole = path.read_bytes()
    step = len(whole) // 60
    for place in range(50, len(whole), step):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        async with opened(tmp_path) as disk:
            for each in kept:
                try:
                    found = read(disk, each)
                except EntryDamaged:
                    found = None
                assert found in (None, response_of(each))


async def test_a_damaged_entry_is_counted_told_and_gone(tmp_path):
    evictions = []
    content = os.urandom(900)  # not compressed, so that it can be found in the file
    async with opened(tmp_path) as disk:
        await disk.put(entry("a", content))
        await disk.put(entry("b"))
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes().replace(content[100:110], bytes(10)))
    async with opened(tmp_path, evictions) as disk:
        with pytest.raises(EntryDamaged):
            disk.read(entry("a").place)
        disk.forget_damaged(entry("a").place)
        await disk.drain()
        assert disk.read(entry("a").place) is None
        assert disk.read(entry("b").place) is not None
        assert disk.damaged_entries == 1
    assert [(each.place, each.reason) for each in evictions] == [
        (entry("a").place, EvictionReason.DAMAGED)
    ]


@pytest.mark.parametrize("content", [b"no database at all" * 1_000, b""])
async def test_a_file_that_is_no_table_is_begun_anew(tmp_path, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    async with opened(tmp_path) as disk:
        assert disk.read(entry("a").place) is None
        assert await disk.put(entry("a"))
        assert disk.read(entry("a").place) is not None


async def test_a_file_that_breaks_while_it_is_open_is_begun_anew(tmp_path):
    async with opened(tmp_path) as disk:
        for number in range(300):
            await disk.put(entry(f"e{number}", os.urandom(3_000)))
    path = tmp_path / FILE_NAME
    size = path.stat().st_size
    async with opened(tmp_path) as disk:
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(size - 4096))
        for number in range(300):
            try:
                assert disk.read(entry(f"e{number}").place) is None
            except EntryDamaged:
                continue
        await disk.put(entry("a"))
        assert await disk.put(entry("a"))
        assert disk.read(entry("a").place) is not None


async def test_a_disk_that_is_nearly_full_takes_no_entries_but_still_forgets(tmp_path, caplog):
    async with opened(tmp_path) as disk:
        await disk.put(entry("a"))
    async with opened(tmp_path, free_pct_min=100) as disk:
        assert not await disk.put(entry("b"))
        assert not await disk.put(entry("c"))
        assert disk.read(entry("a").place) is not None
        assert await disk.forget(Selection("acme", Selector.EVERYTHING)) == 1
        assert disk.read(entry("a").place) is None
    assert caplog.text.count("the disk cache takes nothing") == 1


async def test_a_directory_that_cannot_be_used_costs_hits_and_nothing_else(tmp_path):
    (tmp_path / "taken").write_text("a file where the directory should be")
    async with opened(tmp_path / "taken") as disk:
        assert disk.read(entry("a").place) is None
        assert not await disk.put(entry("a"))
        assert await disk.forget(Selection("acme", Selector.EVERYTHING)) == 0
        assert await disk.count("") == (0, 0)


async def test_a_full_disk_refuses_entries_and_goes_on(tmp_path):
    """The bound of a process on the size of its files is a real full disk to SQLite."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with opened(tmp_path) as disk:
        await disk.put(entry("a"))
        size = max(path.stat().st_size for path in tmp_path.iterdir())
        previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 65_536, hard))
        try:
            stored = [await disk.put(entry(f"e{each}", os.urandom(50_000))) for each in range(8)]
            assert not all(stored)
            assert disk.read(entry("a").place) is not None
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, previous)
        assert await disk.put(entry("b"))


STORING = """
import asyncio, itertools, os, sys
from pathlib import Path
from test_disk import entry, opened

async def main():
    async with opened(Path(sys.argv[1])) as disk:
        for number in itertools.count():
            names = [f"{sys.argv[2]}-{number}-{each}" for each in range(8)]
            await asyncio.gather(*(disk.put(entry(name, name.encode() * 300)) for name in names))
            os.write(1, (" ".join(names) + "\\n").encode())

asyncio.run(main())
"""


def stored_until_killed(directory: Path, trial: int) -> list[str]:
    """What another process acknowledged before it was killed in the middle of storing."""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with subprocess.Popen(
        [sys.executable, "-c", STORING, str(directory), str(trial)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    ) as storing:
        lines = [storing.stdout.readline() for _ in range(20 + 7 * trial)]
        storing.kill()
        lines.append(storing.stdout.read())
    return b"".join(lines).decode().split()


async def test_killed_while_storing_it_has_all_it_acknowledged_and_nothing_torn(tmp_path):
    acknowledged: list[str] = []
    for trial in range(3):
        acknowledged += await asyncio.to_thread(stored_until_killed, tmp_path, trial)
    async with opened(tmp_path) as disk:
        for name in acknowledged:
            assert read(disk, entry(name)) == name.encode() * 300
        assert (await disk.count("acme"))[0] >= len(acknowledged) > 400
        assert disk.damaged_entries == 0
