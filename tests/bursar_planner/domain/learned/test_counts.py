"""Chances come from a tenant's own outcomes first, then from the class, then from anywhere."""

import pytest

from bursar_planner.domain.learned.counts import Counts


def test_an_arm_nobody_knows_has_an_even_chance():
    assert Counts().chance("acme", "debugging", "opus") == 0.5


def test_a_tenant_starts_from_what_others_saw_and_ends_with_its_own():
    counts = Counts()
    for _ in range(100):
        counts.add("others", "debugging", "opus", 1.0)
    assert counts.chance("acme", "debugging", "opus") > 0.9
    for _ in range(100):
        counts.add("acme", "debugging", "opus", 0.0)
    assert counts.chance("acme", "debugging", "opus") < 0.1
    assert counts.chance("others", "debugging", "opus") > 0.9


def test_one_tenant_alone_is_not_counted_twice():
    counts = Counts()
    counts.add("acme", "debugging", "opus", 1.0)
    anywhere = 2 / 3  # one success on top of one of each
    assert counts.chance("acme", "debugging", "opus") == pytest.approx((1 + 5 * anywhere) / 6)


def test_an_arm_new_to_a_hard_class_is_expected_to_find_it_hard():
    counts = Counts()
    for _ in range(50):
        counts.add("acme", "easy", "strong", 1.0)
        counts.add("acme", "easy", "weak", 0.9)
        counts.add("acme", "hard", "weak", 0.1)
    assert counts.chance("acme", "hard", "strong") < counts.chance("acme", "easy", "strong")


def test_a_corrected_outcome_counts_as_if_it_had_been_so():
    told, corrected = Counts(), Counts()
    told.add("acme", "debugging", "opus", 0.0)
    corrected.add("acme", "debugging", "opus", 1.0)
    corrected.correct("acme", "debugging", "opus", -1.0)
    assert told.chance("acme", "debugging", "opus") == corrected.chance("acme", "debugging", "opus")


def test_what_was_forgotten_no_longer_counts_for_the_class():
    counts = Counts()
    for _ in range(40):
        counts.add("acme", "debugging", "opus", 1.0)
    counts.forget("acme", "debugging", "opus")
    assert counts.outcomes("acme", "debugging", "opus") == 0
