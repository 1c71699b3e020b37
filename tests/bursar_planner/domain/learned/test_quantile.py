"""Five numbers estimate a quantile of a stream."""

from random import Random

import pytest

from bursar_planner.domain.learned.quantile import Quantile


def test_nothing_is_known_before_five_values():
    quantile = Quantile(0.5)
    for value in range(4):
        quantile.add(value)
    assert quantile.value is None


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_the_estimate_is_near_the_quantile_of_all_that_was_seen(share):
    coins = Random(7)
    values = [coins.lognormvariate(5, 1) for _ in range(20_000)]
    quantile = Quantile(share)
    for value in values:
        quantile.add(value)
    below = sum(value <= quantile.value for value in values) / len(values)
    assert below == pytest.approx(share, abs=0.01)


def test_a_value_that_is_always_the_same_is_its_own_quantile():
    quantile = Quantile(0.95)
    for _ in range(100):
        quantile.add(42)
    assert quantile.value == 42
