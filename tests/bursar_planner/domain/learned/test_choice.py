"""Choices follow worth, try things out within a bound, and say how likely they were."""

from random import Random

import pytest

from bursar_planner.domain.learned.choice import EXPLORED, Arm, begun, chosen

CHEAP = Arm("cheap", 0.6, 400, 0.05)
DEAR = Arm("dear", 0.9, 400, 1.0)


def test_the_price_decides_between_a_cheap_and_a_better_arm():
    assert chosen((CHEAP, DEAR), 0.0, (0.5, 0.5)).arm is DEAR
    assert chosen((CHEAP, DEAR), 0.9, (0.5, 0.5)).arm is CHEAP


def test_the_propensity_is_how_often_the_arm_is_chosen():
    coins, arms = (
        Random(5),
        (Arm("a", 0.55, 20, 0.5), Arm("b", 0.6, 20, 0.5), Arm("c", 0.5, 5, 0.5)),
    )
    seen = [chosen(arms, 0.2, [coins.random() for _ in arms]) for _ in range(4_000)]
    for arm in arms:
        mine = [choice for choice in seen if choice.arm is arm]
        assert mine[0].propensity == pytest.approx(len(mine) / len(seen), abs=0.03)


def test_a_new_class_takes_the_rules_arm_and_now_and_then_another():
    coins = Random(6)
    seen = [begun((CHEAP, DEAR), 0.0, coins.random()).arm.name for _ in range(4_000)]
    assert seen.count("dear") / len(seen) == pytest.approx(EXPLORED, abs=0.02)


def test_nothing_is_tried_out_while_quality_is_missing():
    assert {begun((CHEAP, DEAR), 6.0, coin).arm.name for coin in (0.0, 0.05, 0.5)} == {"dear"}


def test_an_arm_alone_is_certain():
    assert begun((CHEAP,), 0.0, 0.01).propensity == 1.0
