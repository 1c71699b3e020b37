"""What a task needs, what the plan allows, and who does it: all that is settled before work."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.ledger.v1 import ledger_pb2
from bursar.money import format_usd
from bursar.planner.v1 import planner_pb2
from bursar_executor.backends.log_reader import logs_in
from bursar_executor.tasks.assignment import Assignments, assign
from bursar_executor.tasks.collaborators import Collaborators
from bursar_executor.tasks.needs import inferred_capabilities
from bursar_executor.tasks.request import TaskRequest


@dataclass(frozen=True, slots=True)
class Draft:
    """`file_tokens` are counted by path."""

    plan: planner_pb2.Plan
    needed: tuple[str, ...]
    is_inferred: bool
    file_tokens: dict[str, int]
    assignments: Assignments

    @property
    def summary(self) -> str:
        """One line for people."""
        level = planner_pb2.ThoughtLevel.Name(self.plan.thought_level)
        summary = (
            f"{level.removeprefix('THOUGHT_LEVEL_')},"
            f" at most {self.plan.budget.max_tokens:,} tokens"
        )
        if not self.needed:
            return summary
        origin = " (read from the words)" if self.is_inferred else ""
        return f"{summary}; needs {', '.join(self.needed)}{origin}"


async def drafted(
    request: TaskRequest, attribution: ledger_pb2.Attribution, team: Collaborators
) -> Draft:
    """Raises NotFound for a model there is none of, BackendUnavailable for one that is not here."""
    stated = request.submitted.task
    logs = await logs_in(request.files)
    is_inferred = not stated.required_capabilities and not stated.requested_model
    needed = (
        inferred_capabilities(stated.description, logs)
        if is_inferred
        else tuple(stated.required_capabilities)
    )
    task = planner_pb2.Task()
    task.CopyFrom(stated)
    task.required_capabilities[:] = needed
    if stated.requested_model:
        task.requested_model = (await team.backends.model_named(stated.requested_model)).model
    file_tokens = await team.file_tokens.of(request.files)
    task.context_tokens = sum(file_tokens.values())
    described = await team.backends.describe(task, tuple(request.files), has_logs=bool(logs))
    response = await team.planner.plan(
        planner_pb2.PlanRequest(attribution=attribution, task=task, backends=described)
    )
    plan = response.plan
    assignments = assign(plan, needed, task.requested_model, described)
    return Draft(plan, needed, is_inferred and bool(needed), file_tokens, assignments)


def would_have_held(plan: planner_pb2.Plan) -> str:
    """What a plan that nobody here can follow would take."""
    for found in plan.candidates:
        if found.backend.target.tier == ledger_pb2.BACKEND_TIER_PAID_API and found.is_cost_known:
            cost = format_usd(found.expected_cost_nano_usd)
            return f"nothing; it would be about {cost} with {found.backend.backend_id}"
    return f"nothing; it would be at most {plan.budget.max_tokens:,} tokens"
