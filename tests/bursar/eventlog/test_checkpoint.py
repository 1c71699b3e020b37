"""Checkpoints: what was signed cannot be rewritten unseen, by anyone without the key."""

import asyncio
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from bursar.errors import FailedPrecondition, LogBroken
from bursar.eventlog import merkle
from bursar.eventlog.checkpoint import Checkpoint, Head, Stretch, history_of, sign, verify
from bursar.eventlog.checkpointing import CHECKPOINTS, Checkpointer, CheckpointTerms
from bursar.eventlog.frame import decode, frame_hash
from bursar.eventlog.log import Cursor, Record
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.observed import ObservedTerms, ObservedWriter
from bursar.eventlog.signing import public_key, publish_key, signing_key
from bursar.eventlog.stream import StreamId
from log_frames import heads_of, observed_frames

CACHE, PLANS = StreamId("cache"), StreamId("plans")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

hashes = st.binary(min_size=32, max_size=32)
heads = st.builds(
    Head,
    st.builds(
        Cursor,
        st.builds(StreamId, st.sampled_from(["usage", "compression"]), st.integers(0, 999)),
        st.integers(0, 2**64 - 1),
        hashes,
    ),
    hashes,
)
checkpoints = st.builds(
    Checkpoint,
    st.integers(1, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    hashes,
    st.lists(heads, max_size=5).map(tuple),
)


@given(checkpoints)
def test_what_was_signed_is_read(checkpoint):
    assert verify(sign(checkpoint, KEY), KEY.public_key()) == checkpoint


@given(checkpoints, st.data())
def test_no_bit_of_it_can_be_changed(checkpoint, data):
    signed = bytearray(sign(checkpoint, KEY))
    bit = data.draw(st.integers(0, len(signed) * 8 - 1))
    signed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(LogBroken):
        verify(bytes(signed), KEY.public_key())


def test_another_key_or_a_cut_one_is_refused():
    signed = sign(Checkpoint(1, 2, bytes(32), ()), KEY)
    for wrong in (signed[:10], b"", sign(Checkpoint(1, 2, bytes(32), ()), other_key())):
        with pytest.raises(LogBroken):
            verify(wrong, KEY.public_key())


def other_key():
    return Ed25519PrivateKey.from_private_bytes(bytes(32))


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "signing.pem"
    made = signing_key(path)
    assert signing_key(path).private_bytes_raw() == made.private_bytes_raw()
    assert path.stat().st_mode & 0o777 == 0o600
    publish_key(made, tmp_path / "public.pem")
    assert public_key(tmp_path / "public.pem") == made.public_key()
    with pytest.raises(FailedPrecondition):
        public_key(path)  # the private half is no public key
    path.write_text("not a key")
    with pytest.raises(FailedPrecondition):
        signing_key(path)


async def write_events(log, stream, events):
    writer = ObservedWriter(log, stream, ObservedTerms(frame_s=0.0))
    for event in events:
        writer.write(event)
    writer.close()
    await writer.run()


async def signed_in(log, count):
    """The first `count` checkpoints in the log, as they were signed."""
    found, enough = [], asyncio.Event()

    def receive(record):
        found.extend(decode(record.frame, CHECKPOINTS, record.sequence).events)
        if len(found) >= count:
            enough.set()

    following = asyncio.ensure_future(log.follow(Cursor(CHECKPOINTS), receive))
    async with asyncio.timeout(10):
        await enough.wait()
    following.cancel()
    return found


async def heads_by_reading(log, stream, *sequences):
    stretch, heads = Stretch(Head(Cursor(stream))), []
    for at in range(1, max(sequences) + 1):
        stretch.add(await log.get(stream, at))
        if at in sequences:
            heads.append(stretch.head())
            stretch.begin_again(heads[-1])
    return heads


async def opened():
    log = MemoryLog()
    for stream in (CACHE, PLANS, CHECKPOINTS):
        await log.open(stream)
    return log


async def test_all_heads_are_signed_after_so_many_frames_and_the_next_run_goes_on():
    log = await opened()
    terms = CheckpointTerms(frames_max=2, interval_s=60.0, clock=lambda: 77)
    for round_number in (1, 2):
        running = asyncio.ensure_future(Checkpointer(log, (CACHE, PLANS), KEY, terms).run())
        await write_events(log, CACHE, [b"hit"])  # a frame, and the one that closes
        signed = await signed_in(log, round_number)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    first, second = (verify(each, KEY.public_key()) for each in signed)
    assert (first.number, second.number) == (1, 2)
    assert second.previous_hash == sha256(signed[0]).digest()
    expected = await heads_by_reading(log, CACHE, 2, 4)
    for checkpoint, head in zip((first, second), expected, strict=True):
        by_stream = {head.cursor.stream: head for head in checkpoint.heads}
        assert by_stream[CACHE] == head
        assert by_stream[PLANS] == Head(Cursor(PLANS))


async def test_a_few_frames_are_signed_after_a_while():
    log = await opened()
    terms = CheckpointTerms(frames_max=1000, interval_s=0.01)
    running = asyncio.ensure_future(Checkpointer(log, (CACHE, PLANS), KEY, terms).run())
    await write_events(log, CACHE, [b"hit"])
    assert len(await signed_in(log, 1)) == 1
    running.cancel()


async def test_a_rewritten_observed_stream_does_not_give_the_signed_history():
    log, rewritten = await opened(), await opened()
    for number in range(3):
        await write_events(log, CACHE, [b"event %d" % number])
    (signed,) = await heads_by_reading(log, CACHE, 6)
    for at in range(1, 7):
        if at not in (3, 4):  # all frames of the second writer are left out
            record = await log.get(CACHE, at)
            await rewritten.append(CACHE, record.frame, None, 1.0)
    (found,) = await heads_by_reading(rewritten, CACHE, 4)
    assert found.cursor.frame_hash == signed.cursor.frame_hash
    assert found.history != signed.history


async def test_a_checkpointer_refuses_to_go_on_from_another_keys_checkpoint():
    log = await opened()
    terms = CheckpointTerms(frames_max=1)
    running = asyncio.ensure_future(Checkpointer(log, (CACHE,), KEY, terms).run())
    await write_events(log, CACHE, [b"hit"])
    await signed_in(log, 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    with pytest.raises(LogBroken, match="another key"):
        await Checkpointer(log, (CACHE,), other_key(), terms).run()


async def test_two_that_sign_with_one_key_continue_each_other():
    log = await opened()
    terms = CheckpointTerms(frames_max=1)
    running = [
        asyncio.ensure_future(Checkpointer(log, (CACHE,), KEY, terms).run()) for _ in range(2)
    ]
    for number in range(3):
        await write_events(log, CACHE, [b"event %d" % number])
        signed = await signed_in(log, number + 1)
    for each in running:
        each.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    found = [verify(each, KEY.public_key()) for each in signed]
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    hashes = [bytes(32), *(sha256(each).digest() for each in signed)]
    assert [each.previous_hash for each in found] == hashes[: len(found)]


def test_a_frame_is_proved_by_the_history_before_and_a_path():
    frames = observed_frames(CACHE, writers=3, frames_each=5)
    for since_sequence in (0, 4):
        since = (
            heads_of(CACHE, frames, since_sequence)[0] if since_sequence else Head(Cursor(CACHE))
        )
        stretch = Stretch(since)
        for at, frame in enumerate(frames, 1):
            stretch.add(Record(CACHE, at, frame))
        head = stretch.head()
        for at in range(since_sequence + 1, len(frames) + 1):
            place, count = at - since_sequence - 1, len(stretch)
            root = merkle.root_by(frame_hash(frames[at - 1]), place, count, stretch.path(at))
            assert history_of(since.history, root) == head.history


def test_a_stretch_goes_on_behind_what_another_signed():
    frames = observed_frames(CACHE, writers=2, frames_each=4)
    first, second = heads_of(CACHE, frames, 3, 8)
    own = Stretch(Head(Cursor(CACHE)))
    for at, frame in enumerate(frames[:5], 1):
        own.add(Record(CACHE, at, frame))
    own.begin_again(first)
    for at, frame in enumerate(frames[5:], 6):
        own.add(Record(CACHE, at, frame))
    assert own.head() == second
    behind = Stretch(Head(Cursor(CACHE)))
    behind.begin_again(first)  # it had read nothing yet
    for at, frame in enumerate(frames, 1):
        behind.add(Record(CACHE, at, frame))
    assert behind.head() == second
