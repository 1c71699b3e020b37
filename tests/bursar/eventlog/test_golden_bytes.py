"""The format is for ever: these bytes are the worked example of docs/log-format.md."""

import re
from pathlib import Path

from bursar.eventlog import merkle
from bursar.eventlog.frame import FrameKind, Heading, decode, encode, frame_hash
from bursar.eventlog.stream import StreamId

PAGE = (Path(__file__).parents[3] / "docs" / "log-format.md").read_text(encoding="utf-8")
STREAM = StreamId("usage", 1)
HEADING = Heading(
    kind=FrameKind.EVENTS,
    stream=STREAM,
    writer_id=bytes(range(16)),
    writer_epoch=3,
    writer_sequence=7,
    attempt_id=bytes(range(16, 32)),
    first_event_number=42,
    written_at_ns=1_760_000_000_123_456_789,
    previous_hash=bytes(range(32, 64)),
)
EVENTS = [b"first", b"second", b"third"]
SALTS = [b"\x11" * 16, b"\x22" * 16, b"\x33" * 16]
FRAME = bytes.fromhex(
    "42525346010100007573616765000000000000000000000000000000000000000000000100000003"
    "000102030405060708090a0b0c0d0e0f00000000000000030000000000000007"
    "101112131415161718191a1b1c1d1e1f000000000000002a186cc6acdc0bcd15"
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
    "c444dffe7d9ca225585deb4ea399d638d676a5097ff1db104eca0d1ad7158290"
    "0000004c0000000511111111111111111111111111111111666972737400000006"
    "222222222222222222222222222222227365636f6e6400000005"
    "333333333333333333333333333333337468697264"
)


def named(name):
    """The hash that the page gives under this name."""
    return bytes.fromhex(re.search(rf"^{name} +([0-9a-f]{{64}})$", PAGE, re.MULTILINE)[1])


def test_the_frame_is_these_bytes():
    assert encode(HEADING, EVENTS, SALTS) == FRAME


def test_the_page_shows_the_same_bytes():
    rows = re.findall(r"^00[0-9a-f]0  ((?:[0-9a-f]{2}(?: {1,2}|$))+)", PAGE, re.MULTILINE)
    assert bytes.fromhex("".join(rows)) == FRAME


def test_the_page_gives_the_same_hashes():
    leaves = [merkle.leaf_hash(salt, event) for salt, event in zip(SALTS, EVENTS, strict=True)]
    assert leaves == [named(f"leaf {number}") for number in range(3)]
    assert decode(FRAME, STREAM, 1).header.root == merkle.root(leaves) == named("root")
    assert frame_hash(FRAME) == named("frame hash")
    assert merkle.path(leaves, 2) == [named("node 0-1")]
    assert merkle.path(leaves, 0) == [leaves[1], leaves[2]]
