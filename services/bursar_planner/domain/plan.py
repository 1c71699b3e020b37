"""A question to the planner, and the plan that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from bursar_planner.domain.backends import Backend
from bursar_planner.domain.candidates import Candidate
from bursar_planner.domain.complexity import Factor
from bursar_planner.domain.costs import Prices
from bursar_planner.domain.limits import Limits
from bursar_planner.domain.task import Task
from bursar_planner.domain.team import Agent
from bursar_planner.domain.vocabulary import CacheStrategy, CompressionLevel, ThoughtLevel


@dataclass(frozen=True, slots=True)
class Question:
    """All that a plan depends on."""

    task: Task
    backends: tuple[Backend, ...]
    limits: Limits
    prices: Prices


@dataclass(frozen=True, slots=True)
class Budget:
    """What a task may take. The cost is None where no price is known."""

    max_tokens: int
    max_api_calls: int
    max_duration_ns: int
    max_cost_nano_usd: int | None


@dataclass(frozen=True, slots=True)
class LearnedChoice:
    """How a learned policy came to its choice; `action` as numbered in the contract.

    `output_rungs_tokens` are holds for what a call of this class writes, lowest first.
    """

    task_class: str
    action: int
    propensity: float
    ground: str
    price: float
    known_outcomes: int
    target: float
    output_rungs_tokens: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How little a task needs, who can do it, and why."""

    policy: str
    complexity: Fraction
    effective_complexity: Fraction
    factors: tuple[Factor, ...]
    thought_level: ThoughtLevel
    budget: Budget
    cache_strategy: CacheStrategy
    compression_level: CompressionLevel
    is_api_used: bool
    is_near_limit: bool
    candidates: tuple[Candidate, ...]
    agents: tuple[Agent, ...]
    reasons: tuple[str, ...]
    uncovered_capabilities: tuple[str, ...]
    learned: LearnedChoice | None = None
