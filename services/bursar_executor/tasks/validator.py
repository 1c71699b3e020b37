"""Judges a model's answer by checks that are no opinion: it is there, whole, and its code
parses.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bursar.errors import BursarError
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.backends.backend import Backend, Job, Outcome
from bursar_executor.backends.registry import Registry
from bursar_executor.tasks.code_blocks import blocks_of

LINTING = "linting"
CHECK_S_MAX = 30.0
FAULTS_TOLD_MAX = 20
# What linters call a text that is no program. What else they find is taste, or the fault of code
# that was torn out of its file.
SYNTAX_CODES = ("invalid-syntax", "E9", "SC1")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks say, by whom, and what speaks against the answer."""

    is_accepted: bool
    checked_by: tuple[str, ...] = ()
    evidence: str = ""


class Validator:
    """Puts the tools that are here to the code of answers."""

    def __init__(self, backends: Registry) -> None:
        self._backends = backends

    async def verdict(self, outcome: Outcome) -> Verdict | None:
        """None where there is nothing that a check could tell."""
        if outcome.error is not None:
            return Verdict(False, evidence=outcome.error.message)
        if not outcome.text.strip():
            return Verdict(False, evidence="the answer is empty")
        blocks = blocks_of(outcome.text)
        linters = await self._linters(blocks)
        if not linters:
            return None
        found = [finding for linter in linters for finding in await _findings(linter, blocks)]
        faults = [finding for finding in found if finding.code.startswith(SYNTAX_CODES)]
        told = [f"{each.path}:{each.line}: {each.message}" for each in faults[:FAULTS_TOLD_MAX]]
        names = tuple(backend.describe().backend_id for backend in linters)
        return Verdict(not faults, names, "\n".join(told))

    async def _linters(self, blocks: dict[str, bytes]) -> list[Backend]:
        """Those that need nothing beside the code itself."""
        if not blocks:
            return []
        task = planner_pb2.Task(required_capabilities=[LINTING])
        described = await self._backends.describe(task, tuple(blocks), has_logs=False)
        backends = [
            self._backends.by_id(found.backend_id)
            for found in described
            if found.is_available
            and LINTING in found.capabilities
            and found.target.tier == ledger_pb2.BACKEND_TIER_LOCAL_TOOL
        ]
        return [backend for backend in backends if backend.is_repeatable]


async def _findings(linter: Backend, blocks: dict[str, bytes]) -> list[executor_pb2.Finding]:
    """None where it could not work: that speaks against nobody."""
    job = Job("", dict(blocks), "", max_output_tokens=0, max_duration_s=CHECK_S_MAX)
    try:
        work = await linter.prepared(job)
        async with asyncio.timeout(CHECK_S_MAX):
            outcome = await work.done()
    except (BursarError, TimeoutError):
        return []
    return list(outcome.findings)
