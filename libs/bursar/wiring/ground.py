"""What a process' services stand on, from its settings: content, keys, names."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from bursar.blobs import BlobStore, DirectoryBlobStore
from bursar.eventlog.log import EventLog
from bursar.eventlog.nats_access import Access
from bursar.identity import ApiKeys, Callers, Keyring, NameTable, Pseudonyms
from bursar.rpc.authentication import Entrance
from bursar.wiring.module import Ground
from bursar.wiring.settings import ProcessSettings


@asynccontextmanager
async def laid_ground(
    settings: ProcessSettings, log: EventLog, access: Access
) -> AsyncIterator[Ground]:
    """The ground of one process; `access` is to the broker that may keep content."""
    keyring = Keyring.open(settings.identity_place)
    async with _blobs(settings, keyring, access) as blobs:
        yield Ground(
            log=log,
            blobs=blobs,
            keyring=keyring,
            names=NameTable.open(settings.data_dir),
            data_dir=settings.data_dir,
            identity_dir=settings.identity_place,
            clock=time.time_ns,
            usage_partitions=settings.usage_partitions,
        )


def entrance_of(settings: ProcessSettings, ground: Ground) -> Entrance:
    """What requests pass: users' names are exchanged always, keys asked for where so set."""
    pseudonyms = Pseudonyms(ground.keyring, ground.names)
    if settings.authentication == "none":
        return Entrance(pseudonyms.user)
    keys = ApiKeys.open(ground.identity_dir, ground.keyring)
    return Entrance(pseudonyms.user, Callers(keys, pseudonyms, ground.keyring))


@asynccontextmanager
async def _blobs(
    settings: ProcessSettings, keyring: Keyring, access: Access
) -> AsyncIterator[BlobStore]:
    if settings.blobs == "directory":
        store = await DirectoryBlobStore.open(settings.data_dir / "blobs", keyring.blob_address)
        async with aclosing(store):
            yield store
        return
    # Imported only here: nobody else needs this client of the broker.
    from bursar.wiring.broker_blobs import broker_blobs

    async with broker_blobs(access, keyring.blob_address, settings.blobs_bytes_max) as blobs:
        yield blobs
