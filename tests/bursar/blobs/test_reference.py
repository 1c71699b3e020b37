"""References: text and back, and no other text."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.blobs import BlobReference
from bursar.errors import InvalidRequest
from bursar.identity import Keyring
from bursar.secret import Secret


@given(st.binary(min_size=32, max_size=32))
def test_a_reference_survives_its_text(address):
    reference = BlobReference(address)
    assert str(reference) == f"blob_{address.hex()}"
    assert BlobReference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        "blob_",
        "0" * 64,
        "blob_" + "0" * 63,
        "blob_" + "0" * 65,
        "blob_" + "g" * 64,
        "blob_" + "A" * 64,
        "blob_" + " 0" * 32,
        "blob_" + "\u0663" * 64,
        " blob_" + "0" * 64,
    ],
)
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidRequest, match="blob_reference"):
        BlobReference.parse(text)


@given(st.binary())
def test_an_address_cannot_be_guessed_from_the_content_alone(content):
    address = Keyring(Secret(bytes(32))).blob_address("acme", content)
    assert address != hashlib.sha256(content).digest()
    assert address != Keyring(Secret(b"\x01" * 32)).blob_address("acme", content)
