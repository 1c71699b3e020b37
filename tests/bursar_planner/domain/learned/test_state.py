"""What was learned is what the events say: replayed, the same to the bit."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_planner.domain.learned.choice import OUTCOMES_KNOWN
from bursar_planner.domain.learned.state import Decision, Learned, Outcome

ARMS = ("cheap", "strong")


def decision(number, task_class="debugging", target=0.9, marks=(1, 2, 3)):
    return Decision(f"plan_{number}", "acme", task_class, np.array(marks, np.uint16), target)


def learn(learned, number, arm, quality, **fields):
    learned.decided(decision(number, **fields))
    learned.ended(Outcome(f"plan_{number}", arm, quality))


@st.composite
def histories(draw):
    return draw(
        st.lists(
            st.tuples(
                st.integers(0, 20),
                st.sampled_from(ARMS),
                st.floats(0, 1),
                st.sampled_from(("debugging", "translation")),
                st.lists(st.integers(0, 65_535), unique=True, max_size=20),
            ),
            max_size=60,
        )
    )


@settings(max_examples=40, deadline=None)
@given(histories())
def test_the_same_events_give_the_same_state_to_the_bit(history):
    digests = []
    for _ in range(2):
        learned = Learned()
        for number, arm, quality, task_class, marks in history:
            learned.decided(decision(number, task_class, marks=sorted(marks)))
            learned.ended(Outcome(f"plan_{number}", arm, quality, 100, 20, 1_000))
        digests.append(learned.digest())
    assert digests[0] == digests[1]


def test_an_outcome_of_a_plan_nobody_knows_changes_nothing():
    learned = Learned()
    before = learned.digest()
    learned.ended(Outcome("plan_unknown", "cheap", 1.0))
    assert learned.digest() == before


def test_an_outcome_delivered_twice_counts_once():
    once, twice = Learned(), Learned()
    learn(once, 1, "cheap", 1.0)
    learn(twice, 1, "cheap", 1.0)
    twice.ended(Outcome("plan_1", "cheap", 1.0))
    assert once.digest() == twice.digest()


def test_a_later_word_on_the_same_work_replaces_the_first():
    learned = Learned()
    learn(learned, 1, "cheap", 1.0)
    learned.ended(Outcome("plan_1", "cheap", 0.0))
    tally = learned.counts.everywhere["cheap"]
    assert (tally.outcomes, tally.quality) == (1, 0)


def test_words_tell_apart_what_the_class_cannot():
    learned, coins = Learned(), Random(1)
    for number in range(600):
        is_hard = coins.random() < 0.5
        marks = sorted({*coins.sample(range(100, 4_000), 8), 7 if is_hard else 8})
        learn(learned, number, "cheap", 0.0 if is_hard else 1.0, marks=marks)
    hard, easy = (
        learned.chance(found, learned.words.reading(found.marks), "cheap")
        for found in (decision("h", marks=(7, 200, 300)), decision("e", marks=(8, 200, 300)))
    )
    assert hard < 0.5 < easy


def test_a_model_that_gets_much_worse_is_noticed_within_300_outcomes_and_its_past_forgotten():
    learned, coins = Learned(), Random(2)
    for number in range(1_000):
        learn(learned, number, "strong", float(coins.random() < 0.9))
    assert learned.changes_of("debugging") == 0
    for number in range(1_000, 1_300):
        learn(learned, number, "strong", float(coins.random() < 0.45))
    assert learned.changes_of("debugging") == 1
    assert learned.counts.chance("acme", "debugging", "strong") == pytest.approx(0.45, abs=0.1)


def test_a_steady_model_raises_no_alarm_in_10000_outcomes():
    learned, coins = Learned(), Random(3)
    for number in range(10_000):
        learn(learned, number, "strong", float(coins.random() < 0.7))
    assert learned.changes_of("debugging") == 0


def test_a_class_is_known_after_35_outcomes():
    learned = Learned()
    for number in range(OUTCOMES_KNOWN - 1):
        learn(learned, number, "cheap", 1.0)
    assert not learned.knows("debugging")
    learn(learned, "last", "cheap", 1.0)
    assert learned.knows("debugging")
