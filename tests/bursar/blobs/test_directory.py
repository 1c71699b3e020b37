"""Blobs in a directory: private, compressed, whole after a crash, clear when it refuses."""

import os
import time

import pytest

from bursar.blobs import DirectoryBlobStore, MemoryBlobStore
from bursar.errors import FailedPrecondition, StorageFull
from bursar.identity import Keyring
from bursar.secret import Secret

ADDRESS_OF = Keyring(Secret(bytes(32))).blob_address
LARGE = os.urandom(100_000)


@pytest.fixture
async def store(tmp_path):
    store = await DirectoryBlobStore.open(tmp_path / "blobs", ADDRESS_OF)
    yield store
    await store.aclose()


async def test_blobs_survive_the_process_and_are_private(store, tmp_path):
    contents = [b"prompt", LARGE]
    references = [await store.put("acme", content) for content in contents]
    again = await DirectoryBlobStore.open(tmp_path / "blobs", ADDRESS_OF)
    assert [await again.get("acme", reference) for reference in references] == contents
    await again.aclose()
    for path in (tmp_path / "blobs").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


async def test_paths_show_neither_tenant_nor_content_and_fan_out_twice(store, tmp_path):
    reference = await store.put("acme", b"prompt")
    path = store.path_of("acme", reference).relative_to(tmp_path / "blobs")
    tenant, first, second, name = path.parts
    assert "acme" not in str(path)
    assert name == first + second + name[4:] == reference.address.hex()
    assert len(tenant) == 32


async def test_long_content_is_compressed_and_random_content_is_not(store):
    text = await store.put("acme", os.urandom(70_000).hex().encode())
    noise = await store.put("acme", os.urandom(140_000))
    assert store.path_of("acme", text).stat().st_size < 100_000
    assert store.path_of("acme", noise).stat().st_size == 140_001


async def test_nothing_is_left_in_the_staging_directory(store, tmp_path):
    await store.put("acme", LARGE)
    assert list((tmp_path / "blobs" / "incoming").iterdir()) == []


async def test_what_a_crashed_writer_left_is_removed_and_what_a_live_one_writes_is_not(tmp_path):
    incoming = tmp_path / "blobs" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / ".old.new").touch()
    (incoming / ".live.new").touch()
    os.utime(incoming / ".old.new", (time.time() - 7200,) * 2)
    await (await DirectoryBlobStore.open(tmp_path / "blobs", ADDRESS_OF)).aclose()
    assert [path.name for path in incoming.iterdir()] == [".live.new"]


async def test_a_directory_that_cannot_be_used_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FailedPrecondition, match="choose another data directory"):
        await DirectoryBlobStore.open(tmp_path / "file", ADDRESS_OF)


async def test_a_file_in_the_way_of_a_blob_is_reported(store, tmp_path):
    reference = await store.put("acme", LARGE)
    path = store.path_of("acme", reference)
    path.unlink()
    path.parent.rmdir()
    path.parent.touch()
    with pytest.raises(FailedPrecondition):
        await store.put("acme", LARGE)
    with pytest.raises(FailedPrecondition):
        await store.get("acme", reference)


async def test_a_full_memory_store_refuses_and_takes_again_after_a_delete():
    store = MemoryBlobStore(ADDRESS_OF, limit_bytes=100)
    first = await store.put("acme", b"a" * 60)
    assert await store.put("acme", b"a" * 60) == first
    with pytest.raises(StorageFull, match="delete some"):
        await store.put("acme", b"b" * 60)
    await store.delete("acme", first)
    await store.put("acme", b"b" * 60)
