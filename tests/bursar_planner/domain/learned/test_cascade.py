"""What a cascade is expected to bring, by the rates of its validator."""

import pytest

from bursar_planner.domain.learned.cascade import AcceptRates, Pair, expected

PAIR = Pair(cheap_chance=0.684, strong_chance=0.807, cheap_cost=1, strong_cost=20)


def test_a_perfect_validator_asks_the_strong_one_only_where_the_cheap_one_is_wrong():
    found = expected(PAIR, accepts_right=1.0, accepts_wrong=0.0)
    assert found.cost == pytest.approx(1 + 0.316 * 20)
    assert found.quality > PAIR.strong_chance


def test_a_validator_that_accepts_everything_gives_the_cheap_answer_at_the_cheap_cost():
    found = expected(PAIR, accepts_right=1.0, accepts_wrong=1.0)
    assert found.quality == pytest.approx(PAIR.cheap_chance)
    assert found.cost == pytest.approx(1)


def test_a_validator_that_refuses_everything_gives_the_strong_answer_and_pays_for_both():
    found = expected(PAIR, accepts_right=0.0, accepts_wrong=0.0)
    assert found.quality == pytest.approx(PAIR.strong_chance)
    assert found.cost == pytest.approx(21)


def test_accept_rates_are_learned_apart_for_right_and_wrong_answers():
    rates = AcceptRates()
    for _ in range(200):
        rates.learn(is_right=True, is_accepted=True)
        rates.learn(is_right=False, is_accepted=False)
    assert rates.of_right > 0.95
    assert rates.of_wrong < 0.05
