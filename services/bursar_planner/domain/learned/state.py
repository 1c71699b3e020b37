"""What outcomes taught so far: the fold of the `plans` stream's decisions and outcomes."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256

from msgspec import Struct, field

from bursar_planner.domain.learned.cascade import AcceptRates
from bursar_planner.domain.learned.choice import OUTCOMES_KNOWN
from bursar_planner.domain.learned.counts import Counts, bounded, logistic, logit
from bursar_planner.domain.learned.drift import Surprise
from bursar_planner.domain.learned.ladder import Ladder
from bursar_planner.domain.learned.marks import Marks
from bursar_planner.domain.learned.price import QualityPrice
from bursar_planner.domain.learned.quantile import Quantile
from bursar_planner.domain.learned.text_weights import Reading, TextWeights

PLANS_OPEN_MAX = 65_536
RIGHT = 0.5  # quality from which an answer counts as right


class Decision(Struct, frozen=True):
    """What a plan was decided on; `target` is the tenant's quality target then."""

    plan_id: str
    tenant_id: str
    task_class: str
    marks: Marks
    target: float
    task_id: str = ""


class Outcome(Struct, frozen=True):
    """What became of a plan at one arm. `quality` is from 0 to 1; `was_accepted` is the validator's
    word on an answer whose quality became known otherwise; tokens are 0 where none were counted.
    `tasks_number` is that of the task's event that said so.
    """

    plan_id: str
    arm: str
    quality: float
    input_tokens: int = 0
    output_tokens: int = 0
    duration_ns: int = 0
    was_accepted: bool | None = None
    tasks_number: int = 0


class Open(Struct, frozen=True):
    """A plan whose outcomes may still come, and the qualities seen so far, by arm."""

    decision: Decision
    seen: dict[str, float]


class Learned(Struct):
    """All of it; changed by `decided` and `ended` alone."""

    counts: Counts = field(default_factory=Counts)
    words: TextWeights = field(default_factory=TextWeights)
    prices: dict[str, QualityPrice] = field(default_factory=dict)  # by tenant
    ladders: dict[str, Ladder] = field(default_factory=dict)  # by class
    accepts: dict[str, AcceptRates] = field(default_factory=dict)  # by class
    surprises: dict[tuple[str, str], Surprise] = field(default_factory=dict)  # class and arm
    open: OrderedDict[str, Open] = field(default_factory=OrderedDict)
    outcomes: int = 0
    tasks_number: int = 0  # how far the tasks were read whose outcomes are known
    changes: dict[str, int] = field(default_factory=dict)  # by class, of arms found changed
    durations: dict[tuple[str, str], Quantile] = field(default_factory=dict)  # class and arm, ns

    def decided(self, decision: Decision) -> None:
        """A plan was made: its outcome will be known by its id."""
        self.open[decision.plan_id] = Open(decision, {})
        if len(self.open) > PLANS_OPEN_MAX:
            self.open.popitem(last=False)

    def ended(self, outcome: Outcome) -> None:
        """An outcome of a plan that is still open; any other changes nothing.

        A later one for the same arm corrects the one before.
        """
        self.tasks_number = max(self.tasks_number, outcome.tasks_number)
        found = self.open.get(outcome.plan_id)
        if found is None:
            return
        before = found.seen.get(outcome.arm)
        found.seen[outcome.arm] = outcome.quality
        if before is None:
            self._learn(found.decision, outcome)
        else:
            self._correct(found.decision, outcome, before)

    def chance(self, decision: Decision, reading: Reading | None, arm: str) -> float:
        """The expected quality of `arm` on this task; without a reading, on any of its class."""
        counted = self.counts.chance(decision.tenant_id, decision.task_class, arm)
        if reading is None:
            return counted
        return bounded(logistic(logit(counted) + self.words.score(reading, arm)))

    def knows(self, task_class: str) -> bool:
        """Whether the class has had enough outcomes to decide by them."""
        tallies = self.counts.by_class.get(task_class, {})
        return sum(tally.outcomes for tally in tallies.values()) >= OUTCOMES_KNOWN

    def price_of(self, tenant_id: str) -> QualityPrice:
        """As it stands; the first one for a tenant that had no outcome yet."""
        return self.prices.get(tenant_id) or QualityPrice()

    def duration_ns(self, task_class: str, arm: str) -> int:
        """The median of how long the arm took for the class; 0 where five are not known yet."""
        quantile = self.durations.get((task_class, arm))
        return 0 if quantile is None else int(quantile.value or 0)

    def output_rungs_tokens(
        self, task_class: str, input_tokens: int, bound_tokens: int
    ) -> tuple[int, ...]:
        """What to hold for what a call writes; the bound alone where too few calls are known."""
        return self.ladders.get(task_class, Ladder()).rungs(input_tokens, bound_tokens)

    def changes_of(self, task_class: str) -> int:
        """How often an arm was found changed in this class."""
        return self.changes.get(task_class, 0)

    def digest(self) -> str:
        """Of everything that decides, in one order; equal states have equal digests."""
        found = sha256()
        counts = self.counts
        for tallies in (counts.everywhere, counts.by_class, counts.by_tenant):
            found.update(repr(sorted(tallies.items())).encode())
        for part in (self.prices, self.ladders, self.accepts, self.surprises, self.durations):
            found.update(repr(sorted(part.items())).encode())
        found.update(self.words.texts_with.tobytes())
        for arm, weights in sorted(self.words.by_arm.items()):
            found.update(arm.encode() + weights.by_mark.tobytes() + weights.squares.tobytes())
        found.update(repr((self.outcomes, sorted(self.changes.items()), list(self.open))).encode())
        return found.hexdigest()

    def _notice(self, decision: Decision, arm: str, error: float) -> None:
        """Where an arm is not what it was, what the class knew of it is forgotten."""
        key = (decision.task_class, arm)
        if self.surprises.setdefault(key, Surprise()).learn(error):
            self.counts.forget(decision.tenant_id, decision.task_class, arm)
            self.changes[decision.task_class] = self.changes_of(decision.task_class) + 1

    def _learn(self, decision: Decision, outcome: Outcome) -> None:
        reading = self.words.reading(decision.marks)
        self.words.seen(reading)
        expected = self.chance(decision, reading, outcome.arm)
        error = outcome.quality - expected
        self._notice(decision, outcome.arm, error)
        self.words.learn(reading, outcome.arm, error)
        self.counts.add(decision.tenant_id, decision.task_class, outcome.arm, outcome.quality)
        self._price(decision.tenant_id).learn(decision.target, outcome.quality)
        if outcome.output_tokens:
            ladder = self.ladders.setdefault(decision.task_class, Ladder())
            ladder.learn(outcome.input_tokens, outcome.output_tokens)
        if outcome.duration_ns:
            key = (decision.task_class, outcome.arm)
            self.durations.setdefault(key, Quantile(0.5)).add(outcome.duration_ns)
        if outcome.was_accepted is not None:
            rates = self.accepts.setdefault(decision.task_class, AcceptRates())
            rates.learn(is_right=outcome.quality >= RIGHT, is_accepted=outcome.was_accepted)
        self.outcomes += 1

    def _correct(self, decision: Decision, outcome: Outcome, before: float) -> None:
        arm, changed = outcome.arm, outcome.quality - before
        self.counts.correct(decision.tenant_id, decision.task_class, arm, changed)
        self.words.learn(self.words.reading(decision.marks), arm, changed)
        self._price(decision.tenant_id).learn(0.0, changed)

    def _price(self, tenant_id: str) -> QualityPrice:
        return self.prices.setdefault(tenant_id, QualityPrice())
