"""Small blobs in their table: many to a sync, erased, with files beside it and in its place."""

import asyncio
import os
import resource
import signal
import sqlite3
import threading
from contextlib import asynccontextmanager, closing

import pytest

from bursar.blobs import BlobReference, DirectoryBlobStore
from bursar.blobs.files import BlobFiles
from bursar.blobs.place import BlobPlace
from bursar.blobs.small import WAITING_CHANGES_MAX, SmallBlobs
from bursar.blobs.small_table import FILE_NAME, SmallBlobTable
from bursar.blobs.stored_form import stored_form
from bursar.errors import BlobDamaged, FailedPrecondition, NotFound, Overloaded
from bursar.identity import Keyring
from bursar.secret import Secret

ADDRESS_OF = Keyring(Secret(bytes(32))).blob_address
PAGE_BYTES = 4096


@asynccontextmanager
async def opened(root):
    store = await DirectoryBlobStore.open(root, ADDRESS_OF)
    yield store
    await store.aclose()


@pytest.fixture
async def store(tmp_path):
    async with opened(tmp_path) as store:
        yield store


def place(number):
    return BlobPlace(bytes(16), number.to_bytes(32, "big"))


async def test_a_small_blob_is_a_row_and_a_larger_one_a_file(store):
    small = await store.put("acme", os.urandom(64 * 1024 - 1))
    large = await store.put("acme", os.urandom(64 * 1024))
    assert not store.path_of("acme", small).exists()
    assert store.path_of("acme", large).exists()


async def test_a_small_blob_that_an_older_version_left_as_a_file_is_found_and_deleted(
    store, tmp_path
):
    reference = BlobReference(ADDRESS_OF("acme", b"prompt"))
    BlobFiles(tmp_path).put(BlobPlace.of("acme", reference), stored_form(b"prompt"))
    assert await store.exists("acme", reference)
    assert await store.get("acme", reference) == b"prompt"
    assert await store.put("acme", b"prompt") == reference
    await store.delete("acme", reference)
    assert not await store.exists("acme", reference)


async def test_what_was_deleted_is_in_no_file_any_more(store, tmp_path):
    secret, kept = os.urandom(900), os.urandom(900)
    reference, _ = await store.put("acme", secret), await store.put("acme", kept)

    def all_bytes():
        return b"".join(path.read_bytes() for path in tmp_path.glob(f"{FILE_NAME}*"))

    assert secret in all_bytes()
    await store.delete("acme", reference)
    assert secret not in all_bytes()
    assert kept in all_bytes()


async def test_what_one_process_puts_or_deletes_another_sees(store, tmp_path):
    async with opened(tmp_path) as other:
        reference = await other.put("acme", b"prompt")
        assert await store.get("acme", reference) == b"prompt"
        assert await store.put("acme", b"prompt") == reference
        await store.delete("acme", reference)
        with pytest.raises(NotFound):
            await other.get("acme", reference)


async def test_the_log_of_the_table_does_not_grow_with_what_is_put(store, tmp_path):
    for _ in range(10):
        async with asyncio.TaskGroup() as tasks:
            for _ in range(40):
                tasks.create_task(store.put("acme", os.urandom(60_000)))
    assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size < 16 * 1024 * 1024
    assert (tmp_path / FILE_NAME).stat().st_size > 16 * 1024 * 1024


async def test_what_a_damaged_table_lost_is_mended_by_a_file(tmp_path):
    async with opened(tmp_path) as store:
        reference = await store.put("acme", b"prompt")
    table = tmp_path / FILE_NAME
    content = table.read_bytes()
    table.write_bytes(content[:PAGE_BYTES] + b"\xff" * (len(content) - PAGE_BYTES))
    async with opened(tmp_path) as store:
        with pytest.raises(BlobDamaged, match=str(reference)):
            await store.get("acme", reference)
        assert await store.exists("acme", reference)
        assert await store.put("acme", b"prompt") == reference
        assert await store.get("acme", reference) == b"prompt"
        with pytest.raises(FailedPrecondition, match="restore it from a backup"):
            await store.delete("acme", reference)


@pytest.mark.parametrize("content", [b"no table" * 1000, b""], ids=["other content", "empty"])
async def test_what_is_no_table_is_refused_with_a_remedy(tmp_path, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(FailedPrecondition, match=r"restore it|another version"):
        await DirectoryBlobStore.open(tmp_path, ADDRESS_OF)


async def test_a_table_of_a_newer_version_is_refused(tmp_path):
    async with opened(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as database:
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(FailedPrecondition, match="another version"):
        await DirectoryBlobStore.open(tmp_path, ADDRESS_OF)


async def test_what_a_table_cannot_take_is_a_file(store, tmp_path):
    """The bound of a process on the size of its files is a full disk to the table alone."""
    await store.put("acme", b"prompt")
    size_bytes = max(path.stat().st_size for path in tmp_path.glob(f"{FILE_NAME}*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes + 65_536, hard))
    try:
        contents = [os.urandom(50_000) for _ in range(8)]
        references = [await store.put("acme", content) for content in contents]
        assert [await store.get("acme", reference) for reference in references] == contents
        assert any(store.path_of("acme", reference).exists() for reference in references)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    taken = await store.put("acme", os.urandom(50_000))
    assert not store.path_of("acme", taken).exists()


class GatedTable(SmallBlobTable):
    """Commits when the gate is open, and remembers how much at once."""

    def __init__(self, root):
        super().__init__(root)
        self.gate, self.begun, self.batches = threading.Event(), threading.Event(), []

    def commit(self, changes):
        self.begun.set()
        self.gate.wait()
        self.batches.append(len(changes))
        super().commit(changes)


@pytest.fixture
async def gated(tmp_path):
    table = GatedTable(tmp_path)
    small = SmallBlobs(table)
    yield table, small
    table.gate.set()
    await small.close()


async def begun(table, small):
    """A put whose transaction is being synced."""
    first = asyncio.create_task(small.put(place(0), b"stored"))
    await asyncio.to_thread(table.begun.wait)
    return first


async def test_what_comes_during_one_sync_shares_the_next(gated):
    table, small = gated
    first = await begun(table, small)
    others = [asyncio.create_task(small.put(place(number), b"stored")) for number in range(1, 64)]
    await asyncio.sleep(0)
    table.gate.set()
    await asyncio.gather(first, *others)
    assert table.batches == [1, 63]
    assert all(small.read(place(number)) == b"stored" for number in range(64))


async def test_a_caller_who_leaves_takes_nobody_with_it(gated):
    table, small = gated
    first = await begun(table, small)
    leaving, staying = (asyncio.create_task(small.put(place(each), b"stored")) for each in (1, 2))
    await asyncio.sleep(0)
    leaving.cancel()
    table.gate.set()
    await asyncio.gather(first, staying)
    assert leaving.cancelled()
    assert small.read(place(1)) == small.read(place(2)) == b"stored"


async def test_more_than_may_wait_is_refused_until_some_is_written(gated):
    table, small = gated
    first = await begun(table, small)
    others = [
        asyncio.create_task(small.put(place(number), b"stored"))
        for number in range(1, WAITING_CHANGES_MAX)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await small.put(place(WAITING_CHANGES_MAX), b"stored")
    table.gate.set()
    await asyncio.gather(first, *others)
    await small.put(place(WAITING_CHANGES_MAX), b"stored")
