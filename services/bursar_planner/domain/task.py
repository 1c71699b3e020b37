"""What a caller wants done, checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bursar.errors import InvalidRequest

DESCRIPTION_CHARACTERS_MAX = 100_000
NAMES_MAX = 1_000
NAME_CHARACTERS_MAX = 4_096
CAPABILITIES_MAX = 32
CONTEXT_TOKENS_MAX = 2**63 - 1
CAPABILITY = re.compile(r"[a-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the rules see it.

    `complexity_hint` is from 0 to 1, None where the caller has no opinion. `description_tokens` is
    what the description takes in a prompt; `context_tokens` what comes with it. `task_class` says
    what kind it is, for who learns from the outcomes of its like.
    """

    description: str
    dependencies: tuple[str, ...] = ()
    required_tools: tuple[str, ...] = ()
    required_capabilities: tuple[str, ...] = ()
    complexity_hint: Fraction | None = None
    requested_model: str = ""
    is_api_requested: bool = False
    is_paid_forced: bool = False
    context_tokens: int = 0
    description_tokens: int = 0
    task_class: str = ""

    @property
    def kind(self) -> str:
        """The class a caller gave, else its required capabilities in order, at most 64
        characters.
        """
        return self.task_class or "+".join(sorted(self.required_capabilities))[:64]


def checked_hint(hint: float) -> Fraction:
    """The hint as the decimal a person wrote: 0.1 is a tenth, not the binary number next to it.

    Raises InvalidRequest outside 0 to 1.
    """
    if not 0.0 <= hint <= 1.0:  # false for what is not a number, too
        raise InvalidRequest.of("task.complexity_hint", hint, "give a number from 0 to 1")
    return Fraction(repr(hint))


def checked(task: Task) -> Task:
    """The task, with each capability once. Raises InvalidRequest: field, value and remedy."""
    _check_description(task.description)
    _check_names("task.dependencies", task.dependencies, NAMES_MAX)
    _check_names("task.required_tools", task.required_tools, NAMES_MAX)
    _check_names("task.required_capabilities", task.required_capabilities, CAPABILITIES_MAX)
    for index, capability in enumerate(task.required_capabilities):
        check_capability(f"task.required_capabilities[{index}]", capability)
    if not 0 <= task.context_tokens <= CONTEXT_TOKENS_MAX:
        raise InvalidRequest.of(
            "task.context_tokens", task.context_tokens, "give a count of tokens, 0 or more"
        )
    if task.task_class:
        check_capability("task.task_class", task.task_class)
    if len(task.requested_model) > NAME_CHARACTERS_MAX:
        raise InvalidRequest.of("task.requested_model", task.requested_model, "name one model")
    return replace(task, required_capabilities=tuple(dict.fromkeys(task.required_capabilities)))


def check_capability(field: str, capability: str) -> None:
    """Any word will do, so that new backends can offer what nobody here knows; but one word."""
    if CAPABILITY.fullmatch(capability) is None:
        raise InvalidRequest.of(field, capability, "use 1 to 64 of a-z, 0-9, _ and -")


def _check_description(description: str) -> None:
    if not description.strip():
        raise InvalidRequest.of("task.description", description, "say in words what is to be done")
    if len(description) > DESCRIPTION_CHARACTERS_MAX:
        raise InvalidRequest.of(
            "task.description",
            f"{len(description)} characters",
            f"use at most {DESCRIPTION_CHARACTERS_MAX} and send the rest as context",
        )


def _check_names(field: str, names: Sequence[str], count_max: int) -> None:
    if len(names) > count_max:
        raise InvalidRequest.of(field, f"{len(names)} entries", f"give at most {count_max}")
    for index, name in enumerate(names):
        if not name.strip() or len(name) > NAME_CHARACTERS_MAX:
            raise InvalidRequest.of(
                f"{field}[{index}]", name, f"give 1 to {NAME_CHARACTERS_MAX} characters"
            )
