"""Every blob store, each with a way to damage what it keeps."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

import pytest

from bursar.blobs import BlobReference, BlobStore, DirectoryBlobStore, MemoryBlobStore
from bursar.blobs.jetstream import JetStreamBlobStore, subject_of
from bursar.blobs.small_table import FILE_NAME
from bursar.broker import EmbeddedBroker
from bursar.identity import Keyring
from bursar.secret import Secret
from instance_processes import connect

ADDRESS_OF = Keyring(Secret(bytes(32))).blob_address
TENANT = "acme"

Damage = Callable[[BlobReference, Callable[[bytes], bytes]], Awaitable[None]]


@dataclass(frozen=True)
class Kept:
    """A store, and what replaces a stored form by what is made of it."""

    store: BlobStore
    damage: Damage


@asynccontextmanager
async def in_memory(data_dir) -> AsyncIterator[Kept]:
    stored = {}

    async def damage(reference, change):
        place = (TENANT, reference.address)
        stored[place] = change(stored[place])

    yield Kept(MemoryBlobStore(ADDRESS_OF, stored), damage)


@asynccontextmanager
async def in_a_directory(data_dir) -> AsyncIterator[Kept]:
    store = await DirectoryBlobStore.open(data_dir / "blobs", ADDRESS_OF)

    async def damage(reference, change):
        path = store.path_of(TENANT, reference)
        if path.exists():
            path.write_bytes(change(path.read_bytes()))
            return
        with closing(sqlite3.connect(data_dir / "blobs" / FILE_NAME)) as database, database:
            place = (reference.address,)
            read = "SELECT stored FROM blobs WHERE address = ?"
            ((stored,),) = database.execute(read, place).fetchall()
            write = "UPDATE blobs SET stored = ? WHERE address = ?"
            database.execute(write, (change(stored), *place))

    yield Kept(store, damage)
    await store.aclose()


@asynccontextmanager
async def on_a_broker(data_dir) -> AsyncIterator[Kept]:
    async with EmbeddedBroker.owning(data_dir) as broker:
        options = broker.credentials.connect_options()
        connection = await connect(broker.url, options["user"], options["password"])
        stream = connection.jetstream()
        store = JetStreamBlobStore(stream, ADDRESS_OF)
        await store.create(limit_bytes=256 * 1024 * 1024)

        async def damage(reference, change):
            subject = f"{subject_of(TENANT, reference)}.0"
            message = await stream.get_last_msg("BURSAR_BLOBS", subject)
            await stream.publish(subject, change(message.data), headers=message.headers)

        yield Kept(store, damage)
        await connection.close()


@pytest.fixture(
    params=[
        in_memory,
        in_a_directory,
        pytest.param(on_a_broker, marks=pytest.mark.broker),
    ],
    ids=["memory", "directory", "jetstream"],
)
async def kept(request, tmp_path):
    async with request.param(tmp_path) as kept:
        yield kept
