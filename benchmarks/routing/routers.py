"""The planner's own learning, driven over recorded outcomes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from bursar_planner.domain.complexity import complexity_of
from bursar_planner.domain.learned.actions import decide
from bursar_planner.domain.learned.choice import Arm
from bursar_planner.domain.learned.experience import Experience
from bursar_planner.domain.learned.state import Decision, Learned, Outcome
from bursar_planner.domain.task import Task
from routing.outcomes import STRONG, WEAK, Question, apgr

TENANT = "measured"
COST_SHARES = {WEAK: 0.05, STRONG: 1.0}  # a twentieth


@dataclass(frozen=True, slots=True)
class OnlineRun:
    """One pass in which only the chosen outcome is seen."""

    learned: Learned
    strong_share: float
    quality: float


def by_full_log(asked: Sequence[Question]) -> Learned:
    """One pass in which both outcomes are seen."""
    learned = Learned()
    for question in asked:
        learned.decided(_decision(question, 1.0))
        for arm in (WEAK, STRONG):
            learned.ended(Outcome(question.question_id, arm, question.quality[arm]))
    return learned


def online(asked: Sequence[Question], target: float, seed: int) -> OnlineRun:
    """One pass: decide, see what was chosen, learn."""
    coins = random.Random(seed)
    learned, strong, quality = Learned(), 0, 0.0
    for question in asked:
        decision = _decision(question, target)
        known = Experience(learned, decision, [coins.random(), coins.random()])
        chosen = decide(_arms(learned, decision), known, has_validator=False).choice.arm.name
        learned.decided(decision)
        learned.ended(Outcome(question.question_id, chosen, question.quality[chosen]))
        strong += chosen == STRONG
        quality += question.quality[chosen]
    return OnlineRun(learned, strong / len(asked), quality / len(asked))


def score(learned: Learned, scored: Sequence[Question]) -> float:
    """APGR of the learned uplift, learning stopped."""
    return apgr(scored, uplift(learned, scored))


def uplift(learned: Learned, scored: Sequence[Question]) -> list[float]:
    """How much likelier the strong model is to succeed, question by question."""
    pairs = (_arms(learned, _decision(question, 1.0)) for question in scored)
    return [strong.chance - weak.chance for weak, strong in pairs]


def score_rules(scored: Sequence[Question]) -> float:
    """APGR of the complexity that rules-v1 finds in the description alone."""
    return apgr(scored, [float(complexity_of(Task(each.prompt)).value) for each in scored])


def target_of(asked: Sequence[Question], recovered: float) -> float:
    """The quality at which that share of the gap between weak and strong is recovered."""
    weak, strong = (
        sum(question.quality[arm] for question in asked) / len(asked) for arm in (WEAK, STRONG)
    )
    return weak + recovered * (strong - weak)


def _decision(question: Question, target: float) -> Decision:
    return Decision(question.question_id, TENANT, question.task_class, question.marks, target)


def _arms(learned: Learned, decision: Decision) -> tuple[Arm, Arm]:
    reading = learned.words.reading(decision.marks) if learned.knows(decision.task_class) else None
    weak, strong = (
        Arm(
            arm,
            learned.chance(decision, reading, arm),
            learned.counts.outcomes(TENANT, decision.task_class, arm),
            COST_SHARES[arm],
        )
        for arm in (WEAK, STRONG)
    )
    return weak, strong
