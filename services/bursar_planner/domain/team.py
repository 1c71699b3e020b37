"""Who shares a plan's tokens: one agent for little, a team for much."""

from __future__ import annotations

from dataclasses import dataclass

from bursar_planner.domain import tables
from bursar_planner.domain.task import Task
from bursar_planner.domain.vocabulary import ThoughtLevel


@dataclass(frozen=True, slots=True)
class Agent:
    """One role, its share of the budget and its tools."""

    role: str
    max_tokens: int
    tools: tuple[str, ...] = ()


def team_for(level: ThoughtLevel, task: Task, max_tokens: int) -> tuple[Agent, ...]:
    """The agents of a level. Their shares add up to `max_tokens` exactly."""
    match level:
        case ThoughtLevel.TRIVIAL:
            return (Agent(tables.SIMPLE_EXECUTOR, max_tokens, tables.SIMPLE_EXECUTOR_TOOLS),)
        case ThoughtLevel.SIMPLE:
            return (_specialist_for_all(task, max_tokens),)
        case ThoughtLevel.MODERATE:
            return _with_validator(
                max_tokens,
                Agent(tables.COORDINATOR, max_tokens // tables.MODERATE_COORDINATOR_DIVISOR),
                _specialist_for_all(task, max_tokens // tables.MODERATE_SPECIALIST_DIVISOR),
            )
        case ThoughtLevel.COMPLEX | ThoughtLevel.CRITICAL:
            return _with_validator(
                max_tokens,
                Agent(tables.COORDINATOR, max_tokens // tables.COORDINATOR_DIVISOR),
                Agent(tables.RESEARCHER, max_tokens // tables.RESEARCHER_DIVISOR),
                *_specialists(task, max_tokens // tables.SPECIALISTS_DIVISOR),
            )


def specialists_needed(capabilities: tuple[str, ...]) -> tuple[str, ...]:
    """The specialists whom the table knows for `capabilities`, in its order, each once.

    Nobody known for any of them means one generalist.
    """
    found = dict.fromkeys(
        role for capability, role in tables.SPECIALISTS.items() if capability in capabilities
    )
    return tuple(found) or (tables.GENERALIST,)


def _with_validator(max_tokens: int, *agents: Agent) -> tuple[Agent, ...]:
    """What division left over goes to the validator."""
    left_tokens = max_tokens - sum(agent.max_tokens for agent in agents)
    return (*agents, Agent(tables.VALIDATOR, left_tokens, tables.VALIDATOR_TOOLS))


def _specialist_for_all(task: Task, max_tokens: int) -> Agent:
    role = specialists_needed(task.required_capabilities)[0]
    return Agent(role, max_tokens, _tools(task, task.required_capabilities))


def _specialists(task: Task, tokens: int) -> tuple[Agent, ...]:
    """Equal shares, each with the tools of its own capabilities."""
    roles = specialists_needed(task.required_capabilities)
    share_tokens = tokens // len(roles)
    return tuple(
        Agent(role, share_tokens, _tools(task, _capabilities_of(role, task))) for role in roles
    )


def _capabilities_of(role: str, task: Task) -> tuple[str, ...]:
    return tuple(
        found for found in task.required_capabilities if tables.SPECIALISTS.get(found) == role
    )


def _tools(task: Task, capabilities: tuple[str, ...]) -> tuple[str, ...]:
    by_capability = (tool for found in capabilities for tool in tables.TOOLS.get(found, ()))
    return tuple(dict.fromkeys((*by_capability, *task.required_tools)))
