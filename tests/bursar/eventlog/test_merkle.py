"""The tree: every leaf can be proved, nothing else can."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from bursar.eventlog import merkle

leaf_lists = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True)


def defined_root(leaves: list[bytes]) -> bytes:
    """The recursive definition of RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    pair = defined_root(leaves[:split]) + defined_root(leaves[split:])
    return sha256(b"\x01" + pair).digest()


@given(leaf_lists)
def test_the_root_is_the_one_the_rfc_defines(leaves):
    assert merkle.root(leaves) == defined_root(leaves)


def test_no_leaves_have_the_hash_of_nothing():
    assert merkle.root([]) == sha256(b"").digest()


def test_a_leaf_is_the_hash_of_its_prefix_its_salt_and_its_event():
    assert merkle.leaf_hash(b"s" * 16, b"event") == sha256(b"\x00" + b"s" * 16 + b"event").digest()


@given(leaf_lists, st.data())
def test_every_leaf_is_proved_by_its_path(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    hashes = merkle.path(leaves, index)
    assert merkle.verify(leaves[index], index, len(leaves), hashes, merkle.root(leaves))


@given(leaf_lists, st.data())
def test_a_path_proves_no_other_leaf_and_no_other_place(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(st.integers(-1, len(leaves)).filter(lambda place: place != index))
    root, hashes = merkle.root(leaves), merkle.path(leaves, index)
    assert not merkle.verify(leaves[index], other, len(leaves), hashes, root)
    assert not merkle.verify(sha256(leaves[index]).digest(), index, len(leaves), hashes, root)


@given(leaf_lists, st.data())
def test_a_path_too_long_or_too_short_proves_nothing(leaves, data):
    index = data.draw(st.integers(0, len(leaves) - 1))
    root, hashes = merkle.root(leaves), merkle.path(leaves, index)
    assert not merkle.verify(leaves[index], index, len(leaves), [*hashes, root], root)
    if hashes:
        assert not merkle.verify(leaves[index], index, len(leaves), hashes[:-1], root)
