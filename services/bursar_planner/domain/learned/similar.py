"""Earlier tasks whose words are like a task's: evidence for people, never a ground for a choice."""

from __future__ import annotations

from itertools import islice

import numpy as np
from msgspec import Struct

from bursar_planner.domain.learned.state import Decision, Learned, Open

LOOKED_AT_MAX = 2_000
FOUND_MAX = 3
SIMILARITY_MIN = 0.1


class Similar(Struct, frozen=True):
    """A task like another, by the cosine of their marks' TF-IDF vectors."""

    open: Open
    similarity: float


def similar(learned: Learned, decision: Decision) -> tuple[Similar, ...]:
    """The likest three of the tenant's newest 2,000 whose outcome is known, likest first."""
    own = learned.words.reading(decision.marks)
    weights = dict(zip(own.marks.tolist(), own.values.tolist(), strict=True))
    found: list[Similar] = []
    for other in islice(reversed(learned.open.values()), LOOKED_AT_MAX):
        told = other.decision
        if not other.seen or told.tenant_id != decision.tenant_id or told is decision:
            continue
        shared = np.intersect1d(own.marks, told.marks, assume_unique=True)
        if not shared.size:
            continue
        reading = learned.words.reading(told.marks)
        values = reading.values[np.isin(reading.marks, shared)]
        similarity = float(np.dot([weights[mark] for mark in shared.tolist()], values))
        if similarity >= SIMILARITY_MIN:
            found.append(Similar(other, similarity))
    found.sort(key=lambda each: (-each.similarity, each.open.decision.plan_id))
    return tuple(found[:FOUND_MAX])
