"""It is HMAC-SHA256, whatever the key and the content."""

from __future__ import annotations

import hmac

from hypothesis import given
from hypothesis import strategies as st

from bursar.identity.keyed_hash import KeyedHash


@given(st.binary(max_size=64), st.lists(st.binary(max_size=200), max_size=3))
def test_it_hashes_as_the_library_does_again_and_again(key, contents):
    keyed = KeyedHash(key)

    assert [keyed.digest(content) for content in contents] == [
        hmac.digest(key, content, "sha256") for content in contents
    ]
