"""Filters side by side say of which files one may have an id, and miss none."""

from hypothesis import given
from hypothesis import strategies as st

from bursar_quota.sliced_filters import FILES_MAX, SlicedFilters

BITS = 1024
HASHES = st.binary(min_size=16, max_size=16)


def probes_of(hashed):
    number = int.from_bytes(hashed, "big")
    return [number >> shift & BITS - 1 for shift in (0, 32, 64, 96)]


def filter_of(hashes):
    found = bytearray(BITS // 8)
    for hashed in hashes:
        for probe in probes_of(hashed):
            found[probe >> 3] |= 1 << (probe & 7)
    return bytes(found)


def may_have(found, hashed):
    return all(found[probe >> 3] >> (probe & 7) & 1 for probe in probes_of(hashed))


@given(
    st.lists(st.lists(HASHES, max_size=3), min_size=1, max_size=FILES_MAX + 6),
    st.sets(st.integers(0, FILES_MAX + 5)),
    HASHES,
)
def test_they_say_what_each_alone_would_say(files, dropped, absent):
    filters = SlicedFilters()
    for number, hashes in enumerate(files):
        filters.add(number, filter_of(hashes))
    kept = {number for number in range(len(files))} - dropped
    filters.keep(kept)
    for hashed in [absent, *(hashed for hashes in files for hashed in hashes)]:
        alone = [n for n in kept if may_have(filter_of(files[n]), hashed)]
        assert sorted(filters.may_have(hashed)) == alone


def test_a_file_that_comes_when_one_is_gone_takes_its_place():
    filters = SlicedFilters()
    for number in range(FILES_MAX * 3):
        filters.keep({number - 1})
        filters.add(number, filter_of([bytes(16)]))
    assert sorted(filters.may_have(bytes(16))) == [FILES_MAX * 3 - 2, FILES_MAX * 3 - 1]
