"""What needs context is never answered by another's answer; what grows old is kept shortly."""

from __future__ import annotations

import pytest

from bursar_cache.semantic.domain.agreement import agree
from bursar_cache.semantic.domain.eligibility import TEXT_CHARS_MAX, Asked, Refusal, refusal_of
from bursar_cache.semantic.domain.jaccard import jaccard
from bursar_cache.semantic.domain.timeliness import (
    DATED_TTL_NS,
    PERIOD_TTL_NS,
    TODAY_TTL_NS,
    ttl_ns_max,
)

PLAIN = "What is the capital of France?"


class CommonWords:
    def rarity(self, stem: str) -> float:
        return 0.0

    def likeness(self, one: str, other: str) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (Asked(PLAIN), None),
        (Asked(PLAIN, temperature=0.1), Refusal.SAMPLED),
        (Asked(PLAIN, has_tools=True), Refusal.TOOLS),
        (Asked(PLAIN, has_earlier_turns=True), Refusal.EARLIER_TURNS),
        (Asked(PLAIN, has_attachments=True), Refusal.ATTACHMENTS),
        (Asked("  \n"), Refusal.EMPTY),
        (Asked("x" * TEXT_CHARS_MAX), None),
        (Asked("x" * (TEXT_CHARS_MAX + 1)), Refusal.TOO_LONG),
        (Asked("What does this mean?"), Refusal.REFERS),
        (Asked("Translate the following into French"), Refusal.REFERS),
        (Asked("What happened this year in France?"), None),
        (Asked("Why was jane@example.com refused?"), Refusal.PERSONAL),
        (Asked("Is 4111 1111 1111 1111 a valid card?"), Refusal.PERSONAL),
        (Asked("What is my current account balance?"), Refusal.PERSONAL),
        (Asked("What time is it in Rome?"), Refusal.MOMENTARY),
    ],
)
def test_context_decides_whether_a_question_is_looked_up_by_meaning(asked, refusal):
    assert refusal_of(asked) is refusal


def test_where_all_answers_are_the_same_for_everybody_this_may_be_asked():
    assert refusal_of(Asked("Why was this payment declined?"), is_closed=True) is None
    assert refusal_of(Asked("Why was jane@example.com refused?"), True) is Refusal.PERSONAL


@pytest.mark.parametrize(
    ("text", "ttl_ns"),
    [
        (PLAIN, None),
        ("What is the current price of gold?", 0),
        ("Who is playing today?", TODAY_TTL_NS),
        ("What is the latest version of Python?", TODAY_TTL_NS),
        ("Which films come out this month?", PERIOD_TTL_NS),
        ("What happens on 2026-03-01?", DATED_TTL_NS),
        ("Is the shop open on Sunday?", DATED_TTL_NS),
    ],
)
def test_the_time_a_question_speaks_of_bounds_how_long_its_answer_is_kept(text, ttl_ns):
    assert ttl_ns_max(text) == ttl_ns


@pytest.mark.parametrize(
    ("one", "other", "similarity", "is_same"),
    [
        ("Paris.", "paris. ", 0.0, True),
        ("It is Paris.", "The capital is Paris.", 0.92, True),
        ("It is Paris.", "The capital is Paris.", 0.89, False),
        ("It takes 3 days.", "It takes 5 days.", 0.99, False),
        ("It is allowed.", "It is not allowed.", 0.99, False),
    ],
)
def test_answers_agree_when_they_say_the_same(one, other, similarity, is_same):
    assert agree(one, other, similarity, CommonWords()) is is_same


def test_the_baseline_is_the_share_of_words_in_common():
    assert jaccard("a b c", "C b a") == 1
    assert jaccard("a b", "b c") == pytest.approx(1 / 3)
    assert jaccard("", "") == 1
