"""The frame's bytes: what is written is what is read, and nothing else passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.errors import InvalidRequest, LogBroken
from bursar.eventlog import merkle
from bursar.eventlog.frame import (
    ENTRY_BYTES,
    EVENT_BYTES_MAX,
    FRAME_BYTES_MAX,
    HEADER_BYTES,
    NO_HASH,
    FrameKind,
    Heading,
    decode,
    decode_header,
    encode,
    frame_hash,
)
from bursar.eventlog.stream import StreamId

USAGE = StreamId("usage")
COUNT = st.integers(0, 2**64 - 1)


def heading(kind: FrameKind = FrameKind.EVENTS, stream: StreamId = USAGE) -> Heading:
    return Heading(
        kind=kind,
        stream=stream,
        writer_id=b"w" * 16,
        writer_epoch=3,
        writer_sequence=7,
        attempt_id=b"a" * 16,
        first_event_number=42,
        written_at_ns=1_760_000_000_000_000_000,
        previous_hash=NO_HASH,
    )


headings = st.builds(
    Heading,
    kind=st.sampled_from([FrameKind.EVENTS, FrameKind.CHECKPOINT]),
    stream=st.builds(
        StreamId, st.from_regex(r"[a-z][a-z0-9]{0,23}", fullmatch=True), st.integers(0, 999)
    ),
    writer_id=st.binary(min_size=16, max_size=16),
    writer_epoch=COUNT,
    writer_sequence=COUNT,
    attempt_id=st.binary(min_size=16, max_size=16),
    first_event_number=COUNT,
    written_at_ns=COUNT,
    previous_hash=st.binary(min_size=32, max_size=32),
)


@given(headings, st.lists(st.binary(max_size=300), max_size=12))
def test_what_was_encoded_is_decoded(given_heading, events):
    frame = encode(given_heading, events)
    decoded = decode(frame, given_heading.stream, 1)
    assert decoded.events == events
    assert decoded.header.event_count == len(events)
    assert decoded.header == decode_header(frame, given_heading.stream, 1)
    for name in Heading.__slots__:
        if name != "stream":
            assert getattr(decoded.header, name) == getattr(given_heading, name)


@given(st.lists(st.binary(max_size=60), max_size=6), st.data())
def test_no_bit_can_be_flipped_unseen(events, data):
    frame = encode(heading(), events)
    bit = data.draw(st.integers(0, len(frame) * 8 - 1))
    damaged = bytearray(frame)
    damaged[bit // 8] ^= 1 << bit % 8
    try:
        decode(bytes(damaged), USAGE, 9)
    except LogBroken as error:
        assert error.facts == {"stream": "usage", "partition": 0, "sequence": 9}
    else:  # a field of the header alone: the chain is what shows it
        assert bit < HEADER_BYTES * 8
        assert frame_hash(bytes(damaged)) != frame_hash(frame)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=6), st.data())
def test_no_frame_can_be_cut_or_lengthened(events, data):
    frame = encode(heading(), events)
    end = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(LogBroken):
        decode(frame[:end], USAGE, 1)
    with pytest.raises(LogBroken):
        decode(frame + b"\x00", USAGE, 1)


def test_one_event_is_proved_by_the_header_and_a_path_alone():
    frame = encode(heading(), [b"ours", b"theirs", b"others"])
    decoded = decode(frame, USAGE, 1)
    leaves = [merkle.leaf_hash(*pair) for pair in zip(decoded.salts, decoded.events, strict=True)]
    shown = merkle.leaf_hash(decoded.salts[0], b"ours")
    assert merkle.verify(shown, 0, 3, merkle.path(leaves, 0), decoded.header.root)
    assert frame_hash(frame) == frame_hash(frame[:HEADER_BYTES])


def test_equal_events_have_other_hashes_in_every_frame():
    first, second = encode(heading(), [b"same"]), encode(heading(), [b"same"])
    assert frame_hash(first) != frame_hash(second)


@pytest.mark.parametrize("events", [256, 257])
def test_a_frame_holds_256_events_and_not_one_more(events):
    if events == 256:
        assert decode(encode(heading(), [b""] * events), USAGE, 1).header.event_count == 256
    else:
        with pytest.raises(InvalidRequest):
            encode(heading(), [b""] * events)


def test_an_event_may_have_16_kib_and_not_one_byte_more():
    encode(heading(), [bytes(EVENT_BYTES_MAX)])
    with pytest.raises(InvalidRequest):
        encode(heading(), [bytes(EVENT_BYTES_MAX + 1)])


def test_a_frame_may_have_512_kib_and_not_one_byte_more():
    full = [bytes(EVENT_BYTES_MAX)] * 31
    room = FRAME_BYTES_MAX - HEADER_BYTES - sum(len(event) + ENTRY_BYTES for event in full)
    last = bytes(room - ENTRY_BYTES)
    assert len(encode(heading(), [*full, last])) == FRAME_BYTES_MAX
    with pytest.raises(InvalidRequest):
        encode(heading(), [*full, last + b"\x00"])


@pytest.mark.parametrize("kind", [FrameKind.EPOCH, FrameKind.BARRIER])
def test_epochs_and_barriers_are_empty(kind):
    assert len(encode(heading(kind), [])) == HEADER_BYTES
    with pytest.raises(InvalidRequest):
        encode(heading(kind), [b"event"])


def test_a_frame_of_another_stream_or_partition_is_broken():
    frame = encode(heading(), [b"event"])
    for elsewhere in (StreamId("tasks"), StreamId("usage", 1)):
        with pytest.raises(LogBroken):
            decode(frame, elsewhere, 1)
