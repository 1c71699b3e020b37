"""API keys: shown once, known by hash, refused when revoked."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.errors import FailedPrecondition, InvalidRequest, NotFound, Unauthenticated
from bursar.identity import ApiKeys, KeyHolder, Keyring
from bursar.identity.api_key import key_id_of, new_key_text
from bursar.identity.api_key_file import ApiKeyFile
from bursar.identity.api_keys import SEEN_WITHIN_NS
from bursar.secret import redact

ANN = KeyHolder("acme", "ann", "payments")


class Clock:
    """A clock that moves when told to."""

    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def keys(tmp_path, clock):
    return ApiKeys(ApiKeyFile(tmp_path), Keyring.open(tmp_path), clock)


def test_a_key_that_was_issued_says_who_calls(keys):
    issued = keys.issue(ANN, now_ns=7)
    found = keys.verify(issued.text.reveal_text())
    assert found == issued.key
    caller = found.caller(deadline_ns=9)
    assert (caller.tenant_id, caller.user_id, caller.team_id) == ("acme", "ann", "payments")
    assert (caller.key_id, caller.principal) == (found.key_id, f"key:{found.key_id}")
    assert caller.deadline_ns == 9


def test_a_key_has_the_promised_form_and_is_masked_in_text(keys):
    issued = keys.issue(ANN, now_ns=7)
    text = issued.text.reveal_text()
    assert re.fullmatch(r"bsr_[0-9a-z]+_[0-9a-z]+", text)
    assert text not in f"{issued} {issued!r} {keys!r} {vars(keys)}"
    assert text not in redact(f"the key {text} was refused")


def test_the_file_is_private_and_holds_no_key(keys, tmp_path):
    text = keys.issue(ANN, now_ns=7).text.reveal_text()
    path = tmp_path / "api_keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert text.rpartition("_")[2] not in path.read_text()


@given(st.text())
def test_what_is_not_a_key_is_refused(text):
    assert key_id_of(text) is None


@pytest.mark.parametrize("text", ["", "bsr_", "bsr__", "bsr_\udc80_x", "sk-abc", "x" * 100_000])
def test_a_text_without_the_form_of_a_key_is_refused(keys, text):
    with pytest.raises(Unauthenticated):
        keys.verify(text)


@given(st.integers(min_value=0, max_value=72), st.sampled_from("0123456789abcdefghijklmnopqrstuv"))
def test_a_key_with_any_character_changed_is_refused(tmp_path_factory, place, character):
    data_dir = tmp_path_factory.getbasetemp() / "one-character"
    keys = ApiKeys.open(data_dir, Keyring.open(data_dir))
    text = keys.issue(ANN, now_ns=7).text.reveal_text()
    changed = text[:place] + character + text[place + 1 :]
    if changed != text:
        with pytest.raises(Unauthenticated):
            keys.verify(changed)


def test_a_known_id_with_another_secret_is_refused_without_showing_it(keys):
    issued = keys.issue(ANN, now_ns=7)
    _, other = new_key_text()
    forged = f"bsr_{issued.key.key_id}_{other.reveal_text().rpartition('_')[2]}"
    with pytest.raises(Unauthenticated) as refused:
        keys.verify(forged)
    assert forged not in f"{refused.value!r} {refused.value.facts}"


def test_a_revoked_key_is_refused_and_the_first_revocation_counts(keys):
    issued = keys.issue(ANN, now_ns=7)
    other = keys.issue(ANN, now_ns=8)
    assert keys.revoke(issued.key.key_id, now_ns=9).revoked_at_ns == 9
    assert keys.revoke(issued.key.key_id, now_ns=10).revoked_at_ns == 9
    with pytest.raises(Unauthenticated):
        keys.verify(issued.text.reveal_text())
    assert keys.verify(other.text.reveal_text()) == other.key
    assert [key.revoked_at_ns for key in keys.issued_keys()] == [9, None]


def test_revoking_an_unknown_key_is_refused(keys):
    with pytest.raises(NotFound):
        keys.revoke("absent", now_ns=9)


def test_a_key_for_nobody_is_refused(keys):
    with pytest.raises(InvalidRequest):
        keys.issue(KeyHolder("", "ann"), now_ns=7)


def test_keys_issued_elsewhere_are_known_at_once_and_revocations_within_a_second(
    keys, tmp_path, clock
):
    elsewhere = ApiKeys.open(tmp_path, Keyring.open(tmp_path))
    issued = elsewhere.issue(ANN, now_ns=7)
    assert keys.verify(issued.text.reveal_text()) == issued.key
    elsewhere.revoke(issued.key.key_id, now_ns=8)
    clock.now_ns += SEEN_WITHIN_NS + 1
    with pytest.raises(Unauthenticated):
        keys.verify(issued.text.reveal_text())


def test_keys_issued_at_once_are_all_kept(tmp_path):
    keyring = Keyring.open(tmp_path)

    def issue(number: int) -> str:
        issued = ApiKeys.open(tmp_path, keyring).issue(ANN, now_ns=number)
        return issued.text.reveal_text()

    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(issue, range(16)))
    keys = ApiKeys.open(tmp_path, keyring)
    assert len({keys.verify(text).key_id for text in texts}) == 16


def test_under_another_keyring_no_key_is_known(keys, tmp_path):
    text = keys.issue(ANN, now_ns=7).text.reveal_text()
    with pytest.raises(Unauthenticated):
        ApiKeys(ApiKeyFile(tmp_path), Keyring.open(tmp_path / "other")).verify(text)


@pytest.mark.parametrize("content", ["", "[]", "null", '{"format": 1, "keys": [{}]}'])
def test_a_damaged_file_is_refused_with_a_remedy(tmp_path, content):
    (tmp_path / "api_keys.json").write_text(content)
    with pytest.raises(FailedPrecondition, match="restore it from a backup"):
        ApiKeys.open(tmp_path, Keyring.open(tmp_path))
