"""What makes a task complex, figure by figure."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_planner.domain.complexity import complexity_of
from bursar_planner.domain.task import checked_hint
from planner_parts import task


def thousandths(asked):
    return complexity_of(asked).value * 1000


@pytest.mark.parametrize(
    ("characters", "share"), [(1, 1), (199, 199), (200, 200), (201, 200), (1_000, 200)]
)
def test_a_description_counts_a_thousandth_a_character_up_to_200(characters, share):
    assert thousandths(task("x" * characters)) == share


@pytest.mark.parametrize(("count", "share"), [(0, 0), (1, 100), (2, 200), (3, 200), (10, 200)])
def test_each_dependency_counts_a_tenth_up_to_two(count, share):
    assert thousandths(task("x", dependencies=("file",) * count)) == 1 + share


@pytest.mark.parametrize(("count", "share"), [(0, 0), (1, 200), (2, 200), (5, 200)])
def test_one_required_tool_is_a_fifth_and_more_are_no_more(count, share):
    assert thousandths(task("x", required_tools=("ruff",) * count)) == 1 + share


@pytest.mark.parametrize(
    ("hint", "share"), [(0.0, 0), (0.1, 40), (0.25, 100), (0.5, 200), (0.999, 399.6), (1.0, 400)]
)
def test_a_hint_counts_two_fifths_of_itself(hint, share):
    expected = 1 + Fraction(str(share))
    assert thousandths(task("x", complexity_hint=checked_hint(hint))) == expected


def test_no_hint_is_not_a_hint_of_zero_in_words_but_in_weight():
    none, zero = complexity_of(task("x")), complexity_of(task("x", complexity_hint=Fraction(0)))

    assert none.value == zero.value
    assert (none.factors[3].observed, zero.factors[3].observed) == ("none given", "0.00")


def test_everything_at_its_most_is_exactly_one():
    asked = task(
        "x" * 5_000,
        dependencies=("file",) * 50,
        required_tools=("ruff",) * 50,
        complexity_hint=Fraction(1),
    )
    assert complexity_of(asked).value == 1


def test_without_a_hint_nothing_is_above_three_fifths():
    asked = task("x" * 5_000, dependencies=("file",) * 50, required_tools=("ruff",) * 50)
    assert complexity_of(asked).value == Fraction(3, 5)


def test_characters_are_counted_as_people_count_letters_not_bytes():
    assert thousandths(task("é" * 100)) == 100


@given(
    characters=st.integers(1, 1_500),
    dependencies=st.integers(0, 12),
    tools=st.integers(0, 7),
    hint_hundredths=st.integers(0, 100),
)
def test_complexity_is_the_sum_of_its_capped_factors(
    characters, dependencies, tools, hint_hundredths
):
    asked = task(
        "x" * characters,
        dependencies=("file",) * dependencies,
        required_tools=("ruff",) * tools,
        complexity_hint=checked_hint(hint_hundredths / 100),
    )
    found = complexity_of(asked)

    whole = min(characters, 200) + min(100 * dependencies, 200) + min(200 * tools, 200)
    assert found.value * 1000 == whole + 4 * hint_hundredths
    assert sum(factor.share for factor in found.factors) == found.value


def test_its_words_name_each_factor_that_counts_with_its_share():
    asked = task(
        "x" * 212,
        dependencies=("a.py",),
        required_tools=("ruff", "mypy"),
        complexity_hint=checked_hint(0.35),
    )
    assert complexity_of(asked).words() == (
        "complexity 0.64: description 212 characters (+0.20), 1 dependency (+0.10),"
        " 2 tools (+0.20), hint 0.35 (+0.14)"
    )
    assert complexity_of(task("x")).words() == (
        "complexity 0.001: description 1 character (+0.001)"
    )
