"""One event is proved to anybody who has the public key, and nothing else is shown."""

import base64
import json
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bursar.errors import BursarError, FailedPrecondition, LogBroken, NotFound
from bursar.eventlog.checkpointing import CHECKPOINTS
from bursar.eventlog.frame import decode
from bursar.eventlog.proof import check
from bursar.eventlog.proof_file import PROOF_BYTES_MAX, from_json, to_json
from bursar.eventlog.proving import frame_of_event, prove
from bursar.eventlog.stream import StreamId
from log_frames import (
    EVENTS_PER_FRAME,
    checkpoint_frames,
    decided_frames,
    heads_of,
    log_of,
    observed_frames,
    signed_chain,
)

USAGE, CACHE = StreamId("usage"), StreamId("cache")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
FRAMES = 30
SIGNED_AT = (7, 20, 28)
SEED = 9


def tenants_event(number):
    return b"event %d of tenant-%d" % (number, number % 4)


async def a_log(frames=FRAMES, signed_at=SIGNED_AT):
    usage = decided_frames(USAGE, frames, tenants_event)
    heads = [(head,) for head in heads_of(USAGE, usage, *signed_at)]
    return await log_of({USAGE: usage, CHECKPOINTS: checkpoint_frames(signed_chain(KEY, heads))})


async def test_every_event_that_was_signed_is_proved():
    log = await a_log()
    for sequence in range(2, SIGNED_AT[-1] + 1):
        for index in range(EVENTS_PER_FRAME):
            proved = check(await prove(log, USAGE, sequence, index), PUBLIC)
            number = (sequence - 2) * EVENTS_PER_FRAME + index + 1
            assert proved.event == tenants_event(number)
            assert proved.event_number == number
            signed_by = next(n for n, at in enumerate(SIGNED_AT, 1) if at >= sequence)
            assert proved.checkpoint.number == signed_by


async def test_an_observed_streams_event_is_proved_too():
    frames = observed_frames(CACHE, writers=3, frames_each=4)
    signed = signed_chain(KEY, [(head,) for head in heads_of(CACHE, frames, 5, 12)])
    log = await log_of({CACHE: frames, CHECKPOINTS: checkpoint_frames(signed)})
    for sequence in range(1, 13):
        event = decode(frames[sequence - 1], CACHE, sequence).events[0]
        assert check(await prove(log, CACHE, sequence, 0), PUBLIC).event == event


async def test_the_file_is_small_even_when_a_thousand_frames_are_signed_at_once():
    log = await a_log(frames=1000, signed_at=(1000,))
    text = to_json(await prove(log, USAGE, 500, 1))
    assert len(text) <= PROOF_BYTES_MAX
    assert check(from_json(text), PUBLIC).event == tenants_event(1496)


async def test_not_a_byte_of_another_tenant_is_in_it():
    fields = json.loads(to_json(await prove(await a_log(), USAGE, 10, 1)))
    own = tenants_event(26)

    def texts(node):
        if isinstance(node, dict):
            node = list(node.values())
        if isinstance(node, list):
            for one in node:
                yield from texts(one)
        elif isinstance(node, str):
            yield node

    shown = [base64.b64decode(text) for text in texts(fields) if text != "usage"]
    assert own in shown
    assert not [one for one in shown if b"tenant-" in one and one != own]


async def test_no_bit_of_a_proof_can_be_changed():
    proof = await prove(await a_log(), USAGE, 10, 1)
    fields = json.loads(to_json(proof))
    rng = random.Random(SEED)
    for name in ("event", "salt", "header", "history_before", "checkpoint"):
        for _ in range(40):
            content = bytearray(base64.b64decode(fields[name]))
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            changed = {**fields, name: base64.b64encode(content).decode()}
            with pytest.raises(BursarError):
                check(from_json(json.dumps(changed)), PUBLIC)
    for name in ("sequence", "partition"):
        with pytest.raises(BursarError):
            check(from_json(json.dumps({**fields, name: fields[name] + 1})), PUBLIC)
    for way in ("in_frame", "in_stretch"):
        true = fields[way]
        others = ({"index": true["index"] + 1}, {"count": 99}, {"hashes": true["hashes"][:-1]})
        for other in others:
            changed = {**fields, way: {**true, **other}}
            with pytest.raises(LogBroken):
                check(from_json(json.dumps(changed)), PUBLIC)


async def test_another_key_did_not_sign_it():
    proof = await prove(await a_log(), USAGE, 10, 1)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    with pytest.raises(LogBroken, match="another key"):
        check(proof, other)


async def test_what_no_checkpoint_signed_yet_cannot_be_proved():
    log = await a_log()
    with pytest.raises(FailedPrecondition, match="no checkpoint"):
        await prove(log, USAGE, SIGNED_AT[-1] + 1, 0)
    for sequence, index in ((FRAMES + 1, 0), (2, EVENTS_PER_FRAME), (1, 0)):
        with pytest.raises(NotFound):
            await prove(log, USAGE, sequence, index)


async def test_an_events_frame_is_found_by_its_number():
    log = await a_log()
    for number in range(1, (FRAMES - 1) * EVENTS_PER_FRAME + 1):
        sequence, index = await frame_of_event(log, USAGE, number)
        record = await log.get(USAGE, sequence)
        assert decode(record.frame, USAGE, sequence).events[index] == tenants_event(number)
    for number in (0, FRAMES * EVENTS_PER_FRAME):
        with pytest.raises(NotFound):
            await frame_of_event(log, USAGE, number)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 2}', '{"format": 1}'])
def test_what_is_no_proof_is_refused(text):
    with pytest.raises(LogBroken):
        from_json(text)
