"""Whatever is done to a log is found, and it is said where."""

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bursar.errors import LogBroken
from bursar.eventlog.checkpoint_history import CheckpointHistory
from bursar.eventlog.checkpointing import CHECKPOINTS
from bursar.eventlog.log import Record
from bursar.eventlog.stream import StreamId
from bursar.eventlog.verification import verify_stream
from log_frames import (
    HEADER_BITS,
    checkpoint_frames,
    decided_frames,
    flipped,
    heads_of,
    log_of,
    observed_frames,
    rewritten,
    signed_chain,
)

USAGE, CACHE = StreamId("usage"), StreamId("cache")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SEED = 20261124


async def verified(stream, frames, signed=None):
    seen = []
    log = await log_of({stream: frames})
    found = await verify_stream(log, stream, signed or {}, seen.append)
    assert sum(seen) == found.frames
    return found


def history_of(*checkpoints):
    history = CheckpointHistory(KEY.public_key())
    for at, frame in enumerate(checkpoint_frames(checkpoints), 1):
        history.receive(Record(CHECKPOINTS, at, frame))
    return history


def signed_at(stream, frames, *sequences):
    return {head.cursor.sequence: head for head in heads_of(stream, frames, *sequences)}


async def test_a_whole_stream_is_walked_to_its_end():
    frames = decided_frames(USAGE, 8)
    found = await verified(USAGE, frames, signed_at(USAGE, frames, 3, 6))
    assert (found.frames, found.events, found.signed_sequence) == (8, 21, 6)
    assert found.damage is None


async def test_an_empty_stream_is_whole():
    found = await verified(USAGE, [])
    assert (found.frames, found.damage) == (0, None)


async def test_any_changed_bit_of_a_decided_stream_is_found_in_its_frame():
    frames = decided_frames(USAGE, 6)
    rng = random.Random(SEED)
    for at in range(1, 6):
        for bit in rng.sample(range(len(frames[at - 1]) * 8), 40):
            changed = [*frames[: at - 1], flipped(frames[at - 1], bit), *frames[at:]]
            damage = (await verified(USAGE, changed)).damage
            assert damage is not None, (at, bit)
            span = (damage.first_sequence, damage.last_sequence)
            # Of the last two frames nobody knows which was changed, where their link is broken.
            assert span == (at, at) or (span == (5, 6) and at == 5), (at, bit, damage)


async def test_a_changed_header_of_the_last_frame_shows_against_a_checkpoint():
    frames = decided_frames(USAGE, 6)
    signed = signed_at(USAGE, frames, 5, 6)
    for bit in range(0, HEADER_BITS, 7):
        changed = [*frames[:5], flipped(frames[5], bit)]
        damage = (await verified(USAGE, changed, signed)).damage
        assert damage is not None, bit
        assert (damage.first_sequence, damage.last_sequence) == (6, 6), (bit, damage)


async def test_any_changed_bit_of_an_observed_stream_is_found_between_checkpoints():
    frames = observed_frames(CACHE, writers=3, frames_each=4)
    signed = signed_at(CACHE, frames, 6, 12)
    rng = random.Random(SEED)
    for at in range(1, 13):
        for bit in rng.sample(range(len(frames[at - 1]) * 8), 30):
            changed = [*frames[: at - 1], flipped(frames[at - 1], bit), *frames[at:]]
            damage = (await verified(CACHE, changed, signed)).damage
            assert damage is not None, (at, bit)
            assert damage.first_sequence <= at <= damage.last_sequence, (at, bit, damage)
            assert damage.first_sequence > (6 if at > 6 else 0), (at, bit, damage)


async def test_a_frame_written_anew_with_all_later_hashes_shows_against_a_checkpoint():
    frames = decided_frames(USAGE, 9)
    forged = rewritten(USAGE, frames, 5, b"not what happened")
    assert (await verified(USAGE, forged)).damage is None  # the chain alone cannot tell
    damage = (await verified(USAGE, forged, signed_at(USAGE, frames, 3, 8))).damage
    assert (damage.first_sequence, damage.last_sequence) == (4, 8)
    assert "written anew" in str(damage)


async def test_a_tail_cut_off_shows_against_a_checkpoint():
    frames = decided_frames(USAGE, 9)
    damage = (await verified(USAGE, frames[:6], signed_at(USAGE, frames, 3, 8))).damage
    assert (damage.first_sequence, damage.last_sequence) == (7, 8)
    assert "cut off" in str(damage)


async def test_a_frame_that_was_taken_out_is_named():
    frames = decided_frames(USAGE, 6)
    damage = (await verified(USAGE, [*frames[:3], *frames[4:]])).damage
    assert damage.first_sequence == 4


async def test_all_writers_frames_taken_out_show_in_an_observed_streams_history():
    frames = observed_frames(CACHE, writers=2, frames_each=3)
    left = frames[::2]
    assert (await verified(CACHE, left)).damage is None
    damage = (await verified(CACHE, left, signed_at(CACHE, frames, 6))).damage
    assert damage is not None


def test_a_checkpoint_of_another_key_or_out_of_turn_is_refused_by_its_frame():
    frames = decided_frames(USAGE, 4)
    heads = [(head,) for head in heads_of(USAGE, frames, 2, 4)]
    first, second = signed_chain(KEY, heads)
    other = signed_chain(Ed25519PrivateKey.from_private_bytes(bytes(32)), heads)[0]
    for wrong, place in ((other, 1), (second, 1)):
        with pytest.raises(LogBroken, match=f"frame {place}"):
            history_of(wrong)
    with pytest.raises(LogBroken, match="frame 2"):
        history_of(first, first)
    assert set(history_of(first, second).signed[USAGE]) == {2, 4}


def test_a_published_checkpoint_shows_that_the_logs_own_were_cut_off_or_changed():
    frames = decided_frames(USAGE, 4)
    heads = [(head,) for head in heads_of(USAGE, frames, 2, 4)]
    first, second = signed_chain(KEY, heads)
    history = history_of(first)
    with pytest.raises(LogBroken, match="cut off"):
        history.take_published([second])
    assert 4 in history.signed[USAGE]  # and still counts
    history = history_of(first, second)
    history.take_published([first, second])
    with pytest.raises(LogBroken, match="not the one"):
        history.take_published(signed_chain(KEY, [tuple(heads_of(USAGE, frames, 3))]))
