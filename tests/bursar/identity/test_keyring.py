"""Hashes and pseudonyms: the same under one key, unrelated under another."""

import json
import multiprocessing
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.errors import FailedPrecondition, InvalidRequest
from bursar.identity import Keyring, Purpose
from bursar.secret import Secret

KEYRING = Keyring(Secret(bytes(32)))
OTHER = Keyring(Secret(bytes(31) + b"\x01"))
TENANTS = st.text(max_size=20)
NAMES = st.text(max_size=20)
KINDS = st.from_regex(r"[a-z][a-z0-9]{0,31}", fullmatch=True)


def open_keyring(path) -> bytes:
    return Keyring.open(path).keyed_hash("default", b"prompt")


def test_hashes_addresses_and_pseudonyms_never_change():
    assert KEYRING.keyed_hash("default", b"prompt").hex() == (
        "fbbf88e57874588936ef35948a3a96cdc57c8eeae9dae049978160dd874ab6bf"
    )
    assert KEYRING.blob_address("default", b"prompt").hex() == (
        "5cbc6fc6adfc57247ef30525af9ddcef65f68a83309a1993ec95a163d4daa15e"
    )
    assert KEYRING.pseudonym("default", "user", "ann") == "user_ik69ba90bqghpk6u"


@given(TENANTS, st.binary(), TENANTS, st.binary())
def test_two_hashes_are_equal_only_for_the_same_tenant_and_content(tenant, content, other, text):
    same = (tenant, content) == (other, text)
    assert (KEYRING.keyed_hash(tenant, content) == KEYRING.keyed_hash(other, text)) == same
    assert (KEYRING.blob_address(tenant, content) == KEYRING.blob_address(other, text)) == same


@given(TENANTS, st.binary())
def test_another_root_key_or_another_purpose_gives_another_hash(tenant, content):
    hashed = KEYRING.keyed_hash(tenant, content)
    assert len(hashed) == 32
    assert hashed != OTHER.keyed_hash(tenant, content)
    assert hashed != KEYRING.blob_address(tenant, content)


@given(TENANTS)
def test_no_two_purposes_share_a_key(tenant):
    keys = {KEYRING.key(purpose, tenant).reveal() for purpose in Purpose}
    assert len(keys) == len(Purpose)


@given(st.tuples(TENANTS, KINDS, NAMES), st.tuples(TENANTS, KINDS, NAMES))
def test_two_pseudonyms_are_equal_only_for_the_same_tenant_kind_and_name(one, other):
    assert (KEYRING.pseudonym(*one) == KEYRING.pseudonym(*other)) == (one == other)


@given(KINDS, NAMES)
def test_a_pseudonym_is_its_kind_and_sixteen_plain_characters(kind, name):
    assert re.fullmatch(rf"{kind}_[0-9a-v]{{16}}", KEYRING.pseudonym("default", kind, name))


@pytest.mark.parametrize("kind", ["", "User", "us_er", "1user", "us\0er", "u" * 33])
def test_a_kind_that_would_blur_the_pseudonym_is_refused(kind):
    with pytest.raises(InvalidRequest, match="kind"):
        KEYRING.pseudonym("default", kind, "ann")


def test_the_keyring_of_a_directory_is_made_once_and_is_private(tmp_path):
    first = Keyring.open(tmp_path / "data").keyed_hash("default", b"prompt")
    assert Keyring.open(tmp_path / "data").keyed_hash("default", b"prompt") == first
    assert (tmp_path / "data" / "keyring.json").stat().st_mode & 0o777 == 0o600


def test_processes_that_open_a_new_keyring_at_once_get_the_same(tmp_path):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert len(set(pool.map(open_keyring, [tmp_path] * 16, chunksize=1))) == 1


def test_two_directories_have_unrelated_keys(tmp_path):
    assert open_keyring(tmp_path / "one") != open_keyring(tmp_path / "other")


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o666])
def test_a_keyring_that_is_open_to_others_is_refused(tmp_path, mode):
    Keyring.open(tmp_path)
    (tmp_path / "keyring.json").chmod(mode)
    with pytest.raises(FailedPrecondition, match="chmod 600"):
        Keyring.open(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"format": 1, "root_key": "5ec7e7"}', '{"format": 2}']
)
def test_a_damaged_keyring_is_refused_kept_and_not_shown(tmp_path, content):
    Keyring.open(tmp_path)
    (tmp_path / "keyring.json").write_text(content)
    with pytest.raises(FailedPrecondition, match="restore it from a backup") as refused:
        Keyring.open(tmp_path)
    assert "5ec7e7" not in refused.value.message
    assert (tmp_path / "keyring.json").read_text() == content


def test_no_text_form_shows_a_key(tmp_path):
    keyring = Keyring.open(tmp_path)
    root_key = json.loads((tmp_path / "keyring.json").read_text())["root_key"]
    shown = f"{keyring!r} {keyring.key(Purpose.CONTENT, 'default')!r} {vars(keyring)}"
    assert root_key not in shown
    assert str(bytes.fromhex(root_key)) not in shown
