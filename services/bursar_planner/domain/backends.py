"""What can do work, as the executor sees it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bursar.errors import InvalidRequest
from bursar_planner.domain.task import CAPABILITIES_MAX, Task, check_capability
from bursar_planner.domain.vocabulary import Tier

BACKENDS_MAX = 256
ID_CHARACTERS_MAX = 256
REMEDY_CHARACTERS_MAX = 2_000
NAME_BYTES_MAX = 128  # as in quota, which is asked for the limits of each target


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes."""

    provider: str
    model: str
    tier: Tier
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Backend:
    """`remedy` says how to make it available; empty when it is."""

    backend_id: str
    target: Target
    capabilities: tuple[str, ...] = ()
    is_available: bool = True
    remedy: str = ""
    is_by_name_only: bool = False

    @property
    def is_paid(self) -> bool:
        return self.target.tier is Tier.PAID_API

    def answers_to(self, name: str) -> bool:
        """Whether a caller who says `name` means this one: `tool/ruff-check`, `ruff-check`, or the
        model as its provider names it.
        """
        return bool(name) and name in (
            self.backend_id,
            self.backend_id.partition("/")[2],
            self.target.model,
        )


def checked(backends: Sequence[Backend]) -> tuple[Backend, ...]:
    """The backends. Raises InvalidRequest for one too many, without an id, or named twice."""
    if len(backends) > BACKENDS_MAX:
        raise InvalidRequest.of(
            "backends", f"{len(backends)} backends", f"give at most {BACKENDS_MAX}"
        )
    seen: set[str] = set()
    for index, backend in enumerate(backends):
        where = f"backends[{index}]"
        _check_backend(where, backend)
        if backend.backend_id in seen:
            raise InvalidRequest.of(f"{where}.backend_id", backend.backend_id, "name each one once")
        seen.add(backend.backend_id)
    return tuple(backends)


def _check_backend(where: str, backend: Backend) -> None:
    if not 0 < len(backend.backend_id) <= ID_CHARACTERS_MAX:
        raise InvalidRequest.of(
            f"{where}.backend_id", backend.backend_id, f"give 1 to {ID_CHARACTERS_MAX} characters"
        )
    for name in ("provider", "model", "account_id"):
        value = getattr(backend.target, name)
        if len(value.encode()) > NAME_BYTES_MAX:
            raise InvalidRequest.of(
                f"{where}.target.{name}", value, f"use at most {NAME_BYTES_MAX} bytes"
            )
    if len(backend.remedy) > REMEDY_CHARACTERS_MAX:
        raise InvalidRequest.of(
            f"{where}.remedy",
            f"{len(backend.remedy)} characters",
            f"use at most {REMEDY_CHARACTERS_MAX}",
        )
    if len(backend.capabilities) > CAPABILITIES_MAX:
        raise InvalidRequest.of(
            f"{where}.capabilities",
            f"{len(backend.capabilities)} entries",
            f"give at most {CAPABILITIES_MAX}",
        )
    for number, capability in enumerate(backend.capabilities):
        check_capability(f"{where}.capabilities[{number}]", capability)


def is_candidate(backend: Backend, task: Task) -> bool:
    """Whether `backend` could do some of `task`, whatever it costs.

    A model that is chosen only by name has to be named. Where no capability is required, any model
    may read the task, but of the tools only those that the task names.
    """
    if backend.answers_to(task.requested_model):
        return True
    if backend.is_by_name_only:
        return False
    if any(backend.answers_to(tool) for tool in task.required_tools):
        return True
    if not task.required_capabilities:
        return backend.target.tier is not Tier.LOCAL_TOOL
    return any(capability in backend.capabilities for capability in task.required_capabilities)


def targets_asked(task: Task, backends: Sequence[Backend]) -> tuple[Target, ...]:
    """Where the task can go now, each once: whose limits matter to its plan."""
    able = (found for found in backends if found.is_available and is_candidate(found, task))
    return tuple(dict.fromkeys(backend.target for backend in able))


def covered_by(backend: Backend, task: Task) -> tuple[str, ...]:
    """The required capabilities that `backend` has, in the task's order."""
    return tuple(found for found in task.required_capabilities if found in backend.capabilities)
