"""What every blob store promises, asked of each."""

import asyncio
import os

import pytest
import zstandard

from bursar.blobs import MAX_BLOB_BYTES, BlobReference
from bursar.errors import BlobDamaged, InvalidRequest, NotFound

TENANT = "acme"
ABSENT = BlobReference(bytes(32))

# Around where compression, a file and a second chunk start, and what no code may trip over.
CONTENTS = {
    "empty": b"",
    "one byte": b"\x00",
    "below compression": b"a" * 4096,
    "above compression": b"a" * 4097,
    "incompressible": os.urandom(4096),
    "largest in the table": os.urandom(64 * 1024 - 1),
    "smallest file": os.urandom(64 * 1024),
    "one chunk": os.urandom(256 * 1024 - 1),
    "one byte over a chunk": os.urandom(256 * 1024),
    "several chunks": os.urandom(1024 * 1024 + 7),
    "looks compressed": zstandard.compress(b"inner"),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
async def test_what_was_put_is_what_is_got(kept, content):
    reference = await kept.store.put(TENANT, content)
    assert await kept.store.get(TENANT, reference) == content
    assert await kept.store.exists(TENANT, reference)


async def test_the_same_content_has_one_reference_and_other_content_another(kept):
    reference = await kept.store.put(TENANT, b"prompt")
    assert await kept.store.put(TENANT, b"prompt") == reference
    assert await kept.store.put(TENANT, b"prompt ") != reference


async def test_tenants_do_not_find_each_others_content(kept):
    reference = await kept.store.put(TENANT, b"prompt")
    other = await kept.store.put("other", b"prompt")
    assert other != reference
    assert not await kept.store.exists("other", reference)
    with pytest.raises(NotFound):
        await kept.store.get("other", reference)
    await kept.store.delete("other", reference)
    assert await kept.store.get(TENANT, reference) == b"prompt"


async def test_what_was_never_put_is_not_found(kept):
    assert not await kept.store.exists(TENANT, ABSENT)
    with pytest.raises(NotFound, match=str(ABSENT)):
        await kept.store.get(TENANT, ABSENT)


@pytest.mark.parametrize("content", [b"prompt", os.urandom(600_000)], ids=["small", "chunked"])
async def test_what_was_deleted_is_gone_and_can_be_put_again(kept, content):
    reference = await kept.store.put(TENANT, content)
    await kept.store.delete(TENANT, reference)
    await kept.store.delete(TENANT, reference)
    await kept.store.delete(TENANT, ABSENT)
    assert not await kept.store.exists(TENANT, reference)
    with pytest.raises(NotFound):
        await kept.store.get(TENANT, reference)
    assert await kept.store.put(TENANT, content) == reference
    assert await kept.store.get(TENANT, reference) == content


DAMAGES = {
    "cut off": lambda stored: stored[: len(stored) // 2],
    "one bit": lambda stored: stored[:-1] + bytes([stored[-1] ^ 1]),
    "first byte": lambda stored: b"\x07" + stored[1:],
    "more behind": lambda stored: stored + b"x",
    "other content": lambda stored: b"\x00other",
    "another kind": lambda stored: b"\x01" + stored[1:],
    "claims to be huge": lambda stored: (
        b"\x01" + zstandard.ZstdCompressor().compress(bytes(MAX_BLOB_BYTES + 1))
    ),
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES.keys())
async def test_damage_is_seen_when_read_and_mended_when_put_again(kept, change):
    for size_bytes in (600, 100_000):
        content = os.urandom(size_bytes) + bytes(1)
        reference = await kept.store.put(TENANT, content)
        await kept.damage(reference, change)
        with pytest.raises(BlobDamaged, match=str(reference)):
            await kept.store.get(TENANT, reference)
        assert await kept.store.exists(TENANT, reference)
        assert await kept.store.put(TENANT, content) == reference
        assert await kept.store.get(TENANT, reference) == content


async def test_a_blob_one_byte_over_the_limit_is_refused_and_one_at_it_is_kept(kept):
    with pytest.raises(InvalidRequest, match="put at most"):
        await kept.store.put(TENANT, bytes(MAX_BLOB_BYTES + 1))
    reference = await kept.store.put(TENANT, bytes(MAX_BLOB_BYTES))
    assert len(await kept.store.get(TENANT, reference)) == MAX_BLOB_BYTES


async def test_many_who_put_and_get_at_once_do_not_disturb_each_other(kept):
    contents = [b"%d" % (number % 5) * 2000 for number in range(20)]
    async with asyncio.TaskGroup() as tasks:
        puts = [tasks.create_task(kept.store.put(TENANT, content)) for content in contents]
    references = [put.result() for put in puts]
    assert len(set(references)) == 5
    async with asyncio.TaskGroup() as tasks:
        gets = [tasks.create_task(kept.store.get(TENANT, reference)) for reference in references]
    assert [get.result() for get in gets] == contents


@pytest.mark.parametrize("tenant", ["", "..", "a/b", "/", "a.b.>", "*", "é" * 300, "a\0b"])
async def test_a_tenant_may_have_any_name(kept, tenant):
    reference = await kept.store.put(tenant, b"prompt")
    assert await kept.store.get(tenant, reference) == b"prompt"
