"""The notary signs what stands in the log, with a key of its own."""

import asyncio
from contextlib import asynccontextmanager

from bursar.eventlog.checkpoint import verify
from bursar.eventlog.checkpointing import CHECKPOINTS
from bursar.eventlog.frame import decode
from bursar.eventlog.log import Cursor
from bursar.eventlog.observed import ObservedTerms, ObservedWriter
from bursar.eventlog.signing import public_key
from bursar.eventlog.stream import StreamId
from bursar_notary.module import build
from memory_ground import memory_ground

CACHE = StreamId("cache")


@asynccontextmanager
async def running(ground):
    service = build(ground, peers=None)
    task = asyncio.ensure_future(service.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def write(log, event):
    await log.open(CACHE)
    writer = ObservedWriter(log, CACHE, ObservedTerms(frame_s=0.0))
    writer.write(event)
    writer.close()
    await writer.run()


async def next_signed(log, after=0):
    found = asyncio.get_running_loop().create_future()

    def receive(record):
        if record.sequence > after and not found.done():
            found.set_result(decode(record.frame, CHECKPOINTS, record.sequence).events[0])

    await log.open(CHECKPOINTS)
    following = asyncio.ensure_future(log.follow(Cursor(CHECKPOINTS), receive))
    async with asyncio.timeout(10):
        signed = await found
    following.cancel()
    return signed


async def test_what_is_written_is_signed_and_checked_by_the_public_half(tmp_path, monkeypatch):
    monkeypatch.setenv("BURSAR_NOTARY_FRAMES_MAX", "2")
    ground = memory_ground(tmp_path)
    async with running(ground):
        await write(ground.log, b"hit")
        signed = await next_signed(ground.log)
    checkpoint = verify(signed, public_key(tmp_path / "notary" / "public-key.pem"))
    heads = {head.cursor.stream: head.cursor.sequence for head in checkpoint.heads}
    assert heads[CACHE] == 2
    assert set(heads) == {
        StreamId(name) for name in ("usage", "tasks", "cache", "plans", "compression")
    }


async def test_every_partition_of_money_is_signed(tmp_path, monkeypatch):
    monkeypatch.setenv("BURSAR_NOTARY_FRAMES_MAX", "1")
    monkeypatch.setenv("BURSAR_NOTARY_DIRECTORY", str(tmp_path / "elsewhere"))
    ground = memory_ground(tmp_path, usage_partitions=3)
    async with running(ground):
        await write(ground.log, b"hit")
        signed = await next_signed(ground.log)
    checkpoint = verify(signed, public_key(tmp_path / "elsewhere" / "public-key.pem"))
    names = [str(head.cursor.stream) for head in checkpoint.heads]
    assert names[:3] == ["usage/0", "usage/1", "usage/2"]


async def test_with_another_key_it_signs_nothing_and_the_process_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("BURSAR_NOTARY_FRAMES_MAX", "1")
    ground = memory_ground(tmp_path)
    async with running(ground):
        await write(ground.log, b"hit")
        await next_signed(ground.log)
    (tmp_path / "notary" / "signing-key.pem").unlink()
    async with running(ground) as task, asyncio.timeout(10):
        await task  # ended without an error
    tail = await ground.log.tail(CHECKPOINTS)
    assert tail.sequence in (1, 2)
