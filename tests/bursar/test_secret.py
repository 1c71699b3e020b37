"""Secrets show nowhere."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.secret import Secret, redact


@given(st.text(alphabet="0123456789abcdef", min_size=8))
def test_no_text_form_shows_the_value(value):
    secret = Secret(value)
    forms = (str(secret), repr(secret), f"{secret}", "%s" % secret, repr([secret]))  # noqa: UP031
    assert not any(value in form for form in forms)
    assert secret.reveal_text() == value


@given(st.binary(), st.binary())
def test_two_secrets_are_equal_when_their_bytes_are(one, other):
    assert (Secret(one) == Secret(other)) == (one == other)


def test_a_secret_is_never_pickled_copied_hashed_or_written_as_json():
    secret = Secret(b"value")
    for leak in (pickle.dumps, copy.copy, copy.deepcopy, hash, json.dumps):
        with pytest.raises(TypeError):
            leak(secret)


def test_random_secrets_differ():
    assert Secret.random() != Secret.random()
    assert len(Secret.random(16).reveal()) == 16


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hunter2",
        "authorization=hunter2",
        "password: hunter2",
        'PASSWORD="hunter2"',
        '{"api_key": "hunter2", "x": 1}',
        "x-api-key: hunter2",
        "nats://bursar:hunter2@127.0.0.1:4222",
        "OPENAI_API_KEY=sk-hunter2hunter2",
        "the key sk-ant-hunter2 was refused",
        "bsr_hunter2_hunter2 was refused",
        "bearer hunter2",
        "CLIENT_SECRET=hunter2",
    ],
)
def test_what_looks_like_a_secret_is_masked(text):
    assert "hunter2" not in redact(text)
    assert "[masked]" in redact(text)


def test_text_without_secrets_stays_as_it_is():
    text = "used 12 tokens of 40; see nats://127.0.0.1:4222 and token counts"
    assert redact(text) == text
