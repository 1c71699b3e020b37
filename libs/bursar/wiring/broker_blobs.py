"""Content kept on the broker, for processes that come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import nats.errors
from nats.aio.client import Client

from bursar.blobs import AddressOf, BlobStore
from bursar.blobs.jetstream import JetStreamBlobStore
from bursar.errors import Unavailable
from bursar.eventlog.nats_access import Access

# nats-py's own default finds a frozen broker after four minutes.
PING_INTERVAL_S = 5
PINGS_OUTSTANDING_MAX = 2
CONNECT_TIMEOUT_S = 2
CLOSE_TIMEOUT_S = 2.0
START_TIMEOUT_S = 10.0
RECONNECT_FOR_EVER = -1  # with it, nats-py tries to begin for ever, too

_logger = logging.getLogger(__name__)


@asynccontextmanager
async def broker_blobs(
    access: Access, address_of: AddressOf, limit_bytes: int
) -> AsyncIterator[BlobStore]:
    """The store on the broker, made at the first time. Raises Unavailable and what making does."""
    connection = await _connected(access)
    try:
        store = JetStreamBlobStore(connection.jetstream(), address_of)
        await store.create(limit_bytes)
        yield store
    finally:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await connection.close()


async def _connected(access: Access) -> Client:
    password = access.password
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            return await nats.connect(
                list(access.servers),
                user=access.user,
                password=None if password is None else password.reveal_text(),
                name="bursar-blobs",
                connect_timeout=CONNECT_TIMEOUT_S,
                max_reconnect_attempts=RECONNECT_FOR_EVER,
                ping_interval=PING_INTERVAL_S,
                max_outstanding_pings=PINGS_OUTSTANDING_MAX,
                error_cb=_log_error,
            )
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise Unavailable(f"the broker cannot be reached: {type(error).__name__}") from error


async def _log_error(error: Exception) -> None:
    _logger.warning("the broker that keeps content: %s", type(error).__name__)
