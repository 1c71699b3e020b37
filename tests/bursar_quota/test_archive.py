"""What is no longer new leaves memory: nothing that quota says changes by it."""

from __future__ import annotations

import pytest
from msgspec import DecodeError

from bursar.errors import Conflict, FailedPrecondition
from bursar_quota.archive import SEGMENTS_IN_MEMORY, Archive
from bursar_quota.domain.commands import MoveHorizon
from bursar_quota.dump import digest, dump, load
from quota_examples import HOUR_NS, book, limit, tokens

SEGMENTS = 5


def a_long_day():
    """A hold and its settle in each of five segments, the first long ago."""
    kept = book(limit(amount=10**6))
    for number in range(SEGMENTS):
        held = kept.reserve(tokens(7), operation_id=f"r{number}", reservation_id=f"rsv{number}")
        kept.settle(held.reservation_id, tokens(5), operation_id=f"s{number}")
        kept.now_ns += 4 * HOUR_NS
    return kept


def test_old_segments_go_to_files_and_the_digest_stays(tmp_path):
    kept = a_long_day()
    before = kept.digest()
    archive = Archive(tmp_path)
    archive.attach(kept.state)
    archive.keep_old(kept.state)
    assert len(kept.state.operations) == len(kept.state.ended) == SEGMENTS_IN_MEMORY
    assert kept.state.old_operations.segments
    assert kept.digest() == before


def test_an_old_operation_gets_its_first_answer_from_its_file(tmp_path):
    kept = a_long_day()
    kept.now_ns -= 4 * HOUR_NS
    archive = Archive(tmp_path)
    archive.attach(kept.state)
    archive.keep_old(kept.state)
    assert not any("r0" in segment for segment in kept.state.operations.values())
    again = kept.reserve(tokens(7), operation_id="r0", reservation_id="another")
    assert again.reservation_id == "rsv0"
    with pytest.raises(Conflict):
        kept.reserve(tokens(7), operation_id="r0", fingerprint=b"other content")
    with pytest.raises(FailedPrecondition, match="was settled before"):
        kept.settle("rsv0", tokens(5))


def test_a_snapshot_names_its_files_and_finds_them_again(tmp_path):
    kept = a_long_day()
    archive = Archive(tmp_path)
    archive.attach(kept.state)
    archive.keep_old(kept.state)
    dumped = dump(kept.state)
    loaded = load(dumped, Archive(tmp_path))
    assert digest(loaded) == kept.digest()
    assert loaded.old_operations.find("r0") == kept.state.old_operations.find("r0") is not None
    with pytest.raises(DecodeError):
        load(dumped)


def test_a_damaged_file_makes_the_snapshot_unusable_and_a_replay_makes_it_again(tmp_path):
    kept = a_long_day()
    archive = Archive(tmp_path)
    archive.attach(kept.state)
    archive.keep_old(kept.state)
    dumped = dump(kept.state)
    file = next((tmp_path / "operations").iterdir())
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(DecodeError):
        load(dumped, Archive(tmp_path))
    replayed = kept.replayed()
    anew = Archive(tmp_path)
    anew.attach(replayed)
    anew.keep_old(replayed)
    assert digest(load(dumped, Archive(tmp_path))) == digest(replayed) == kept.digest()


def test_what_is_forgotten_is_forgotten_in_files_too(tmp_path):
    kept = a_long_day()
    archive = Archive(tmp_path)
    archive.attach(kept.state)
    archive.keep_old(kept.state)
    twin = a_long_day()
    for one in (kept, twin):
        one.do(MoveHorizon(one.now_ns + 7 * HOUR_NS))
    assert not kept.state.old_operations.segments
    assert kept.digest() == twin.digest()
    archive.tidy()
    assert not list((tmp_path / "operations").iterdir())


async def test_files_are_made_while_the_writer_works(tmp_path):
    kept = a_long_day()
    before = kept.digest()
    archive = Archive(tmp_path)
    archive.attach(kept.state)

    async def read(view):
        return view(kept.state)

    await archive.keep_old_beside(read)
    assert len(kept.state.operations) == SEGMENTS_IN_MEMORY
    assert kept.digest() == before
