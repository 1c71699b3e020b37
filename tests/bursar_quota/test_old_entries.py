"""Files of what is remembered of long ago: all is found, and no damage is taken for content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import DecodeError
from msgspec.msgpack import Decoder

from bursar_quota.domain.answers import Accounted, Granted, Recorded
from bursar_quota.domain.meters import Amounts
from bursar_quota.domain.state import Ending, Remembered
from bursar_quota.old_entries import OldEntries, SegmentFile, hash_of, packed

ENTRIES = {
    "a": Remembered(b"f" * 32, Recorded(1)),
    "ä": Remembered(b"g" * 32, Granted(2, "rsv", Amounts(1, 2, 3, 4), 5, True)),
    "c" * 128: Remembered(b"h" * 32, Accounted(3, Amounts(1), Amounts())),
}


def stored(path, content):
    path.write_bytes(content)
    return SegmentFile(path, Decoder(Remembered))


def test_what_was_kept_is_found_and_nothing_else(tmp_path):
    segment = stored(tmp_path / "s", packed(ENTRIES))
    assert {key: segment.find(hash_of(key)) for key in ENTRIES} == ENTRIES
    assert not any(segment.find(hash_of(f"absent-{number}")) for number in range(2000))


@given(st.dictionaries(st.text(max_size=20), st.sampled_from(list(Ending)), max_size=60))
def test_any_entries_are_found_whatever_their_ids(tmp_path_factory, entries):
    path = tmp_path_factory.mktemp("old") / "s"
    path.write_bytes(packed(entries))
    segment = SegmentFile(path, Decoder(Ending))
    assert {key: segment.find(hash_of(key)) for key in entries} == entries
    assert segment.find(hash_of("absent" * 9)) is None


def test_equal_entries_give_equal_files_in_whatever_order_they_came():
    assert packed(ENTRIES) == packed(dict(reversed(ENTRIES.items())))


def test_damage_is_found_wherever_it_is(tmp_path):
    whole = packed(ENTRIES)
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        with pytest.raises(DecodeError, match="is damaged"):
            stored(tmp_path / "s", bytes(damaged))
    with pytest.raises(DecodeError, match="is damaged"):
        stored(tmp_path / "s", whole[:-1])


def test_a_file_that_is_not_there_or_another_is_not_opened(tmp_path):
    old = OldEntries(tmp_path, Remembered)
    digest = old.write(7, ENTRIES).digest
    old.open(7, digest)
    assert old.find("a") == ENTRIES["a"]
    with pytest.raises(DecodeError, match="is another"):
        old.open(7, bytes(32))
    with pytest.raises(DecodeError, match="is not there"):
        old.open(8, digest)


def test_files_of_forgotten_segments_are_removed(tmp_path):
    old = OldEntries(tmp_path, Remembered)
    old.add(1, old.write(1, ENTRIES))
    old.write(2, ENTRIES)
    old.tidy()
    assert [path.name for path in tmp_path.iterdir()] == [f"{1:020d}.old"]


def test_ids_are_found_among_any_number_of_files_and_those_of_forgotten_ones_are_not(tmp_path):
    old = OldEntries(tmp_path, Ending)
    for number in range(70):
        size = 1 if number % 10 else 200  # of two sizes, so that their filters are too
        keys = [f"{number}.{place}" for place in range(size)]
        old.add(number, old.write(number, dict.fromkeys(keys, Ending.SETTLED)))
    assert all(old.find(f"{number}.0") for number in range(70))
    assert not any(old.find(f"absent-{number}") for number in range(2000))
    for number in range(0, 70, 2):
        del old.segments[number]
    old.add(99, old.write(99, {"new": Ending.EXPIRED}))
    found = [number for number in range(70) if old.find(f"{number}.0")]
    assert found == list(range(1, 70, 2))
    assert old.find("new") is Ending.EXPIRED
    old.clear()
    assert old.find("new") is None
