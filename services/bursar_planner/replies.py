"""A plan as the contract's message."""

from __future__ import annotations

from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_planner import wire
from bursar_planner.domain.backends import Backend, Target
from bursar_planner.domain.candidates import Candidate
from bursar_planner.domain.plan import Budget, LearnedChoice, Plan


def plan_id(event_id: str) -> str:
    """A plan is named by the event that tells of it."""
    return f"plan_{event_id}"


def plan_message(plan: Plan, event_id: str) -> planner_pb2.Plan:
    """Floats are for people and programs that only show them: the rules decided on exact ones.

    A plan does not wait for its event to be in the log, so its position has only the event's id.
    """
    return planner_pb2.Plan(
        plan_id=plan_id(event_id),
        policy=plan.policy,
        complexity=float(plan.complexity),
        effective_complexity=float(plan.effective_complexity),
        factors=[
            planner_pb2.Factor(name=found.name, observed=found.observed, share=float(found.share))
            for found in plan.factors
        ],
        thought_level=planner_pb2.ThoughtLevel.ValueType(plan.thought_level),
        budget=_budget_message(plan.budget),
        cache_strategy=planner_pb2.CacheStrategy.ValueType(plan.cache_strategy),
        compression_level=plan.compression_level,
        is_api_used=plan.is_api_used,
        is_near_limit=plan.is_near_limit,
        candidates=[_candidate_message(candidate) for candidate in plan.candidates],
        agents=[
            planner_pb2.Agent(role=agent.role, max_tokens=agent.max_tokens, tools=agent.tools)
            for agent in plan.agents
        ],
        reasons=plan.reasons,
        uncovered_capabilities=plan.uncovered_capabilities,
        position=ledger_pb2.Position(stream=wire.STREAM.name, event_id=event_id),
        decision=None if plan.learned is None else _decision_message(plan.learned),
    )


def target_message(target: Target) -> ledger_pb2.Target:
    """Where a call goes, for the contracts."""
    return ledger_pb2.Target(
        provider=target.provider,
        model=target.model,
        tier=ledger_pb2.BackendTier.ValueType(target.tier),
        account_id=target.account_id,
    )


def _budget_message(budget: Budget) -> planner_pb2.Budget:
    return planner_pb2.Budget(
        max_tokens=budget.max_tokens,
        max_api_calls=budget.max_api_calls,
        max_duration_ns=budget.max_duration_ns,
        max_cost_nano_usd=budget.max_cost_nano_usd or 0,
        is_cost_known=budget.max_cost_nano_usd is not None,
    )


def _candidate_message(candidate: Candidate) -> planner_pb2.Candidate:
    return planner_pb2.Candidate(
        backend=_backend_message(candidate.backend),
        covers=candidate.covers,
        expected_cost_nano_usd=candidate.expected_cost_nano_usd or 0,
        is_cost_known=candidate.expected_cost_nano_usd is not None,
        reason=candidate.reason,
        success_probability=candidate.chance,
        outcomes=candidate.outcomes,
        expected_duration_ns=candidate.expected_duration_ns,
    )


def _decision_message(choice: LearnedChoice) -> planner_pb2.Decision:
    return planner_pb2.Decision(
        task_class=choice.task_class,
        action=planner_pb2.Action.ValueType(choice.action),
        propensity=choice.propensity,
        ground=choice.ground,
        price=choice.price,
        known_outcomes=choice.known_outcomes,
        quality_target=choice.target,
        output_rungs_tokens=choice.output_rungs_tokens,
    )


def _backend_message(backend: Backend) -> planner_pb2.Backend:
    return planner_pb2.Backend(
        backend_id=backend.backend_id,
        target=target_message(backend.target),
        capabilities=backend.capabilities,
        is_available=backend.is_available,
        remedy=backend.remedy,
        is_by_name_only=backend.is_by_name_only,
    )
