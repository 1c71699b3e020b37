"""The edge's rules: bounds, names, last words."""

from __future__ import annotations

import pytest

from bursar.dialects import anthropic_messages, openai_chat
from bursar.dialects.body import encode
from bursar.dialects.caching import CachePolicy
from bursar.errors import InvalidRequest
from bursar.quota.v1 import quota_pb2
from bursar_edge.domain import (
    OUTPUT_TOKENS_MAX,
    Outcome,
    Source,
    as_id,
    final_words,
    is_looked_up,
    is_refused_for_all,
    output_bound_tokens,
)
from edge_requests import completion, messages


@pytest.mark.parametrize(
    ("more", "bound"), [({}, 64), ({"n": 3}, 192), ({"max_tokens": None, "n": 2}, 2_000)]
)
def test_the_output_bound_is_that_of_all_answers(more: dict[str, object], bound: int) -> None:
    facts = openai_chat.facts(encode(completion(**more)))
    assert output_bound_tokens(facts, 1_000) == bound


def test_a_bound_that_no_hold_can_have_is_refused() -> None:
    at, above = (
        openai_chat.facts(encode(completion(max_tokens=bound)))
        for bound in (OUTPUT_TOKENS_MAX, OUTPUT_TOKENS_MAX + 1)
    )
    assert output_bound_tokens(at, 1) == OUTPUT_TOKENS_MAX
    with pytest.raises(InvalidRequest):
        output_bound_tokens(above, 1)


@pytest.mark.parametrize(
    ("more", "is_sampled_allowed", "looked_up"),
    [
        ({"temperature": 0}, False, True),
        ({"temperature": 0.0}, False, True),
        ({"temperature": 0.1}, False, False),
        ({}, False, False),
        ({}, True, True),
    ],
)
def test_only_what_could_have_been_kept_is_looked_up(
    more: dict[str, object], is_sampled_allowed: bool, looked_up: bool
) -> None:
    facts = anthropic_messages.facts(encode(messages(**more)))
    policy = CachePolicy(are_sampled_allowed=is_sampled_allowed)
    assert is_looked_up(facts, policy) is looked_up


def test_several_answers_are_not_looked_up() -> None:
    facts = openai_chat.facts(encode(completion(temperature=0, n=2)))
    assert not is_looked_up(facts, CachePolicy())


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("req_1", "req_1"),
        (" req_1 ", "req_1"),
        ("a" * 128, "a" * 128),
        ("a" * 129, ""),
        ("a\n", "a"),
        ("a\tb", ""),
    ],
)
def test_a_providers_name_that_the_ledger_cannot_take_is_left_out(told: str, kept: str) -> None:
    assert as_id(told) == kept


@pytest.mark.parametrize(
    ("last", "event", "words"),
    [
        (b"", b"event: error\n\n", b"event: error\n\n"),
        (b"data: 1\n\n", b"event: error\n\n", b"event: error\n\n"),
        (b'event: x\ndata: {"ha', b"event: error\n\n", b"\nevent: error\n\n"),
        (b"event: x\n", b"event: error\n\n", b"event: error\n\n"),
        (b'data: {"ha', b"data: {}\n\n", b"\n\ndata: {}\n\n"),
    ],
)
def test_last_words_are_understood_after_half_an_event(
    last: bytes, event: bytes, words: bytes
) -> None:
    assert final_words(last, event) == words


def test_outcomes_and_sources_are_the_contracts():
    for outcome in Outcome:
        assert quota_pb2.Outcome.Name(outcome) == f"OUTCOME_{outcome.name}"
    for source in Source:
        assert quota_pb2.UsageSource.Name(source) == f"USAGE_SOURCE_{source.name}"


@pytest.mark.parametrize(
    ("status", "content", "is_for_all"),
    [
        (400, b'{"error":{"message":"max_tokens: too many"}}', True),
        (413, b"too large", True),
        (422, b"no", True),
        (400, b'{"error":{"message":"Your credit balance is too low"}}', False),
        (400, b'{"error":{"message":"nothing left (limit team)"}}', False),
        (401, b"bad key", False),
        (403, b"not allowed", False),
        (429, b"slower", False),
        (500, b"a defect", False),
        (529, b"overloaded", False),
    ],
)
def test_only_a_refusal_of_the_content_is_one_for_all(
    status: int, content: bytes, is_for_all: bool
) -> None:
    assert is_refused_for_all(status, content) is is_for_all
