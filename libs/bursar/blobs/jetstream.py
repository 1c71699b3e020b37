"""Blobs on the brokers of a cluster."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import nats.errors
from nats.js.api import DiscardPolicy, RawStreamMsg, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from bursar.blobs.reference import AddressOf, BlobReference
from bursar.blobs.store import MAX_BLOB_BYTES, check_size, not_found
from bursar.blobs.stored_form import content_of, damaged, stored_form
from bursar.errors import (
    BlobDamaged,
    BursarError,
    DeadlineExceeded,
    FailedPrecondition,
    NotFound,
    StorageFull,
    Unavailable,
)

if TYPE_CHECKING:
    from nats.js import JetStreamContext

STREAM = "BURSAR_BLOBS"
CHUNK_BYTES = 256 * 1024

_SUBJECT = "bursar.blobs"
_MAX_CHUNKS = MAX_BLOB_BYTES // CHUNK_BYTES + 1
_HEADER_BYTES = 1024
_CHUNKS_HEADER = "Bursar-Chunks"
_TOMBSTONE_HEADERS = {"Nats-TTL": "3600s"}
_TENANT_BYTES = 16

# Error codes of JetStream's API.
_NO_MESSAGE = 10037
_NO_STREAM = 10059
_OTHER_SETTINGS = 10058
_FULL = frozenset({10023, 10047, 10077})


class JetStreamBlobStore:
    """A blob is the messages `bursar.blobs.<hash of the tenant>.<address>.<number of the chunk>`.

    One message a subject is kept, so that a put that broke off leaves nothing that the next one
    does not replace; chunk 0 is written last, and while it is missing so is the blob. NATS' own
    object store has neither property, and a read of it waits for ever for a chunk that is lost.
    Deleting puts an empty message in each place, which goes by itself: a right to purge would be
    one to purge the log. Every call ends within `deadline_s`.
    """

    def __init__(
        self, stream: JetStreamContext, address_of: AddressOf, deadline_s: float = 30.0
    ) -> None:
        self._stream = stream
        self._address_of = address_of
        self._deadline_s = deadline_s

    async def create(self, limit_bytes: int, replicas: int = 1) -> None:
        """Make the stream; does nothing when it is there.

        Raises FailedPrecondition when it is there with other settings, StorageFull when the broker
        has no room for `limit_bytes`.
        """
        config = StreamConfig(
            name=STREAM,
            subjects=[f"{_SUBJECT}.>"],
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
            max_bytes=limit_bytes,
            max_msgs_per_subject=1,
            max_msg_size=CHUNK_BYTES + _HEADER_BYTES,
            num_replicas=replicas,
            allow_msg_ttl=True,
        )
        async with self._answers():
            await self._stream.add_stream(config)

    async def put(self, tenant_id: str, content: bytes) -> BlobReference:
        """See BlobStore."""
        check_size(content)
        address = await asyncio.to_thread(self._address_of, tenant_id, content)
        reference = BlobReference(address)
        async with self._answers():
            try:
                await self._get(tenant_id, reference)
            except (NotFound, BlobDamaged):
                stored = await asyncio.to_thread(stored_form, content)
                await self._write(subject_of(tenant_id, reference), stored)
        return reference

    async def get(self, tenant_id: str, reference: BlobReference) -> bytes:
        """See BlobStore."""
        async with self._answers():
            return await self._get(tenant_id, reference)

    async def exists(self, tenant_id: str, reference: BlobReference) -> bool:
        """See BlobStore."""
        async with self._answers():
            return await self._chunk(subject_of(tenant_id, reference), 0) is not None

    async def delete(self, tenant_id: str, reference: BlobReference) -> None:
        """See BlobStore. The bytes go from the brokers' disks with their next compaction."""
        subject = subject_of(tenant_id, reference)
        async with self._answers():
            first = await self._chunk(subject, 0)
            if first is None:
                return
            count = _chunk_count(first) or _MAX_CHUNKS
            # Chunk 0 last: while it is there, a delete that broke off can be done again.
            for number in reversed(range(count)):
                await self._publish(f"{subject}.{number}", b"", _TOMBSTONE_HEADERS)

    async def _get(self, tenant_id: str, reference: BlobReference) -> bytes:
        subject = subject_of(tenant_id, reference)
        first = await self._chunk(subject, 0)
        if first is None:
            raise not_found(reference)
        stored = bytearray(first.data or b"")
        for number in range(1, _chunk_count(first)):
            chunk = await self._chunk(subject, number)
            if chunk is None:
                raise damaged(reference)
            stored += chunk.data or b""
        return await asyncio.to_thread(
            content_of, bytes(stored), tenant_id, reference, self._address_of
        )

    async def _write(self, subject: str, stored: bytes) -> None:
        starts = range(0, len(stored), CHUNK_BYTES)
        headers = {_CHUNKS_HEADER: str(len(starts))}
        for number in reversed(range(len(starts))):
            chunk = stored[starts[number] : starts[number] + CHUNK_BYTES]
            await self._publish(f"{subject}.{number}", chunk, headers)

    async def _publish(self, subject: str, content: bytes, headers: dict[str, str]) -> None:
        await self._stream.publish(subject, content, stream=STREAM, headers=headers)

    async def _chunk(self, subject: str, number: int) -> RawStreamMsg | None:
        """Asked of the leader: another replica may not have yet what was just acknowledged."""
        try:
            message = await self._stream.get_last_msg(STREAM, f"{subject}.{number}")
        except NotFoundError as error:
            if error.err_code == _NO_MESSAGE:
                return None
            raise
        return message if message.data else None

    @asynccontextmanager
    async def _answers(self) -> AsyncIterator[None]:
        """Bounds what is done in it, and turns the broker's errors into ours."""
        try:
            async with asyncio.timeout(self._deadline_s):
                yield
        except nats.errors.TimeoutError as error:
            raise Unavailable("the broker did not answer in time") from error
        except TimeoutError as error:
            message = f"the blob store did not answer within {self._deadline_s:g} s"
            raise DeadlineExceeded(message) from error
        except APIError as error:
            raise _refused(error) from error
        except (nats.errors.Error, OSError) as error:
            raise Unavailable(f"the broker cannot be reached: {error}") from error


def subject_of(tenant_id: str, reference: BlobReference) -> str:
    """What the subjects of a blob begin with; the number of the chunk follows."""
    # Hashed, as a tenant's name may hold what separates or matches parts of a subject.
    tenant = hashlib.sha256(tenant_id.encode()).digest()[:_TENANT_BYTES].hex()
    return f"{_SUBJECT}.{tenant}.{reference.address.hex()}"


def _chunk_count(first: RawStreamMsg) -> int:
    """How many chunks the blob has; 0 when that is damaged."""
    text = (first.headers or {}).get(_CHUNKS_HEADER, "")
    count = int(text) if text.isdecimal() else 0
    return count if count <= _MAX_CHUNKS else 0


def _refused(error: APIError) -> BursarError:
    if error.err_code in _FULL:
        return StorageFull("the broker has no room for this blob; raise the limit of its stream")
    if error.err_code == _NO_STREAM:
        return FailedPrecondition(f"the stream {STREAM} is not there; create it first")
    if error.err_code == _OTHER_SETTINGS:
        return FailedPrecondition(
            f"the stream {STREAM} has other settings; give the same limit and replicas, or have an"
            " administrator update it"
        )
    return Unavailable(f"the broker refused: {error}")
