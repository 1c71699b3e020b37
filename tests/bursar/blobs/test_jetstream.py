"""Blobs on a broker: bounded in time and space, and safe from puts that broke off."""

import os

import pytest

from bursar.blobs import BlobReference
from bursar.blobs.jetstream import CHUNK_BYTES, STREAM, JetStreamBlobStore
from bursar.broker import EmbeddedBroker
from bursar.errors import BlobDamaged, FailedPrecondition, NotFound, StorageFull, Unavailable
from bursar.identity import Keyring
from bursar.secret import Secret
from instance_processes import connect

pytestmark = pytest.mark.broker

ADDRESS_OF = Keyring(Secret(bytes(32))).blob_address
ABSENT = BlobReference(bytes(32))
LIMIT_BYTES = 4 * 1024 * 1024


@pytest.fixture
async def connection(tmp_path):
    async with EmbeddedBroker.owning(tmp_path) as broker:
        options = broker.credentials.connect_options()
        connection = await connect(broker.url, options["user"], options["password"])
        yield connection
        await connection.close()


@pytest.fixture
async def store(connection):
    store = JetStreamBlobStore(connection.jetstream(), ADDRESS_OF)
    await store.create(LIMIT_BYTES)
    return store


async def subjects(connection) -> dict[str, int]:
    found = await connection.jetstream().stream_info(STREAM, subjects_filter=">")
    return found.state.subjects or {}


async def test_a_put_that_broke_off_leaves_no_blob_and_is_completed_by_the_next(store, connection):
    content = os.urandom(3 * CHUNK_BYTES)
    reference = await store.put("acme", content)
    first = next(name for name in await subjects(connection) if name.endswith(".0"))
    await connection.jetstream().publish(first, b"")  # as if chunk 0 had never been written
    assert not await store.exists("acme", reference)
    with pytest.raises(NotFound):
        await store.get("acme", reference)
    before = await subjects(connection)
    assert await store.put("acme", content) == reference
    assert await store.get("acme", reference) == content
    assert (await subjects(connection)).keys() == before.keys()


async def test_a_chunk_that_is_lost_is_damage_and_not_an_endless_wait(store, connection):
    content = os.urandom(3 * CHUNK_BYTES)
    reference = await store.put("acme", content)
    second = next(name for name in await subjects(connection) if name.endswith(".1"))
    await connection.jetstream().publish(second, b"")
    with pytest.raises(BlobDamaged):
        await store.get("acme", reference)
    await store.put("acme", content)
    assert await store.get("acme", reference) == content


async def test_a_full_stream_says_so_and_keeps_what_it_has(store):
    reference = await store.put("acme", os.urandom(LIMIT_BYTES // 2))
    with pytest.raises(StorageFull, match="raise the limit"):
        await store.put("acme", os.urandom(LIMIT_BYTES))
    assert await store.exists("acme", reference)


async def test_what_was_deleted_takes_no_room_any_more(store, connection):
    reference = await store.put("acme", os.urandom(LIMIT_BYTES // 2))
    await store.delete("acme", reference)
    state = (await connection.jetstream().stream_info(STREAM)).state
    assert state.bytes < 10_000
    await store.put("acme", os.urandom(LIMIT_BYTES // 2))


async def test_the_stream_is_made_once_and_not_with_other_settings(store):
    await store.create(LIMIT_BYTES)
    with pytest.raises(FailedPrecondition, match="other settings"):
        await store.create(LIMIT_BYTES * 2)


async def test_a_broker_that_is_gone_is_unavailable(store, connection):
    await connection.close()
    with pytest.raises(Unavailable):
        await store.put("acme", b"x")
    with pytest.raises(Unavailable):
        await store.get("acme", ABSENT)


async def test_a_missing_stream_is_no_missing_blob(connection):
    store = JetStreamBlobStore(connection.jetstream(), ADDRESS_OF)
    with pytest.raises(FailedPrecondition, match="create"):
        await store.put("acme", b"x")
