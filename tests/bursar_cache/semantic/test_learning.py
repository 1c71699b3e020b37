"""The bar is loosened only while labels keep the limits on wrong answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_cache.semantic.domain.bounds import wilson_upper
from bursar_cache.semantic.domain.guard_levels import GuardLevel
from bursar_cache.semantic.domain.learning import (
    LABELS_MAX,
    LABELS_MIN,
    Experience,
    Limits,
    bar_of,
)

LIMITS = Limits(start_similarity=0.95, wrong_per_hit_max=0.05, wrong_per_request_max=0.05)


def seen(labels) -> Experience:
    """`labels`: (similarity, is_right, how many), all of which pass every guard."""
    experience = Experience()
    for similarity, is_right, times in labels:
        for _ in range(times):
            experience.asked(similarity, GuardLevel.STRICT)
            experience.labelled(similarity, GuardLevel.STRICT, is_right)
    return experience


def test_without_labels_the_bar_is_where_it_starts_and_promises_nothing():
    bar = bar_of(Experience(), LIMITS)
    assert (bar.similarity, bar.guards, bar.labels) == (0.95, GuardLevel.STRICT, 0)
    assert bar.wrong_per_hit_upper == 1


def test_right_answers_lower_the_bar_to_where_they_were_seen():
    bar = bar_of(seen([(0.90, True, 100)]), LIMITS)
    assert bar.similarity == 0.90
    assert bar.wrong_per_hit_upper <= 0.05


def test_too_few_labels_lower_nothing():
    assert bar_of(seen([(0.90, True, LABELS_MIN - 1)]), LIMITS).similarity == 0.95


def test_wrong_answers_keep_the_bar_above_them():
    bar = bar_of(seen([(0.92, True, 200), (0.85, False, 30)]), LIMITS)
    assert bar.similarity > 0.85


def test_wrong_answers_above_the_start_raise_the_bar():
    bar = bar_of(seen([(0.955, False, 30), (0.98, True, 40)]), LIMITS)
    assert bar.similarity > 0.955


def test_a_limit_for_each_request_holds_back_what_the_limit_for_each_hit_allows():
    experience = seen([(0.90, True, 100)])
    strict = Limits(0.95, wrong_per_hit_max=0.05, wrong_per_request_max=0.001)
    assert bar_of(experience, strict).similarity == 0.95


def test_guards_are_relaxed_only_as_far_as_the_user_allows():
    experience = seen([(0.90, True, 100)])
    for _ in range(100):
        experience.asked(0.9, GuardLevel.NONE)
        experience.labelled(0.9, GuardLevel.NONE, True)
    assert bar_of(experience, LIMITS).guards is GuardLevel.STRICT
    relaxed = Limits(0.95, 0.05, 0.05, guards_min=GuardLevel.NONE)
    assert bar_of(experience, relaxed).guards is GuardLevel.NONE


def test_old_labels_are_halved_so_that_new_ones_count():
    experience = seen([(0.90, True, LABELS_MAX)])
    assert experience.labels == LABELS_MAX // 2


labels = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(GuardLevel), st.booleans()), max_size=200
)


@given(labels)
def test_a_bar_below_the_start_always_keeps_both_limits(seen_labels):
    limits = Limits(0.95, 0.05, 0.02, GuardLevel.NONE)
    experience = Experience()
    for similarity, level, is_right in seen_labels:
        experience.asked(similarity, level)
        experience.labelled(similarity, level, is_right)
    bar = bar_of(experience, limits)
    if bar.similarity < limits.start_similarity or bar.guards > GuardLevel.STRICT:
        assert bar.wrong_per_hit_upper <= limits.wrong_per_hit_max
        assert bar.wrong_per_request_upper <= limits.wrong_per_request_max


@pytest.mark.parametrize(("wrong", "of", "upper"), [(0, 52, 0.0494), (5, 100, 0.0992), (0, 0, 1)])
def test_the_upper_bound_is_wilsons(wrong, of, upper):
    assert wilson_upper(wrong, of) == pytest.approx(upper, abs=0.0005)


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_upper_bound_is_above_the_share_seen_and_at_most_one(wrong, more):
    assert wrong / (wrong + more) < wilson_upper(wrong, wrong + more) <= 1
