"""The NATS protocol: whatever the pieces it comes in, the messages are the same."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bursar.eventlog.nats_protocol import NatsProtocol


class Kept:
    def __init__(self):
        self.messages = []

    def take(self, subject, reply, payload, header):
        self.messages.append((subject, reply, payload, header))


class Wire(asyncio.Transport):
    def __init__(self):
        super().__init__()
        self.sent, self.aborted = b"", False

    def write(self, data):
        self.sent += data

    def abort(self):
        self.aborted = True


message = st.tuples(
    st.sampled_from([b"a", b"bursar.usage.00"]),
    st.sampled_from([b"", b"$JS.ACK.S.C.1.2.3.4.5"]),
    st.binary(max_size=200),
    st.sampled_from([b"", b"NATS/1.0\r\n\r\n", b"NATS/1.0 100 Idle Heartbeat\r\n\r\n"]),
)
other = st.sampled_from([b"PING\r\n", b"PONG\r\n", b"+OK\r\n", b'INFO {"server_id":"x"}\r\n'])


def line_of(subject, reply, payload, header):
    to = b" ".join(part for part in (subject, b"7", reply) if part)
    if header:
        sizes = b"%d %d" % (len(header), len(header) + len(payload))
        return b"HMSG %b %b\r\n%b%b\r\n" % (to, sizes, header, payload)
    return b"MSG %b %d\r\n%b\r\n" % (to, len(payload), payload)


def connected():
    kept, wire = Kept(), Wire()
    protocol = NatsProtocol()
    protocol.connection_made(wire)
    protocol.sinks[b"7"] = kept
    return protocol, kept, wire


@given(st.lists(st.one_of(message, other), max_size=12), st.data())
async def test_messages_are_whole_however_they_are_cut(sent, data):
    protocol, kept, wire = connected()
    stream = b"".join(line_of(*item) if isinstance(item, tuple) else item for item in sent)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=10).map(sorted))
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        if begin < end:
            protocol.data_received(stream[begin:end])
    assert kept.messages == [item for item in sent if isinstance(item, tuple)]
    assert wire.sent == b"PONG\r\n" * sent.count(b"PING\r\n")
    assert not wire.aborted


async def test_a_big_message_in_many_pieces_is_joined():
    protocol, kept, _ = connected()
    payload = bytes(range(256)) * 2000
    stream = line_of(b"a", b"", payload, b"")
    for at in range(0, len(stream), 1000):
        protocol.data_received(stream[at : at + 1000])
    assert kept.messages == [(b"a", b"", payload, b"")]


async def test_messages_that_nobody_asked_for_are_dropped():
    protocol, kept, _ = connected()
    protocol.data_received(b"MSG a 8 2\r\nhi\r\nMSG a 7 3\r\nyou\r\n")
    assert kept.messages == [(b"a", b"", b"you", b"")]


async def test_what_is_not_the_protocol_ends_the_connection():
    for garbage in (b"HTTP/1.1 200 OK\r\n", b"MSG a 7 many\r\n", b"x" * (2 << 20)):
        protocol, _, wire = connected()
        protocol.data_received(garbage)
        assert wire.aborted and protocol.lost.is_set()


async def test_what_the_server_complains_of_is_kept():
    protocol, _, wire = connected()
    protocol.data_received(b"-ERR 'Permissions Violation for Publish to \"x\"'\r\n")
    assert protocol.last_error == 'Permissions Violation for Publish to "x"'
    assert not wire.aborted
