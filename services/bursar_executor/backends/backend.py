"""The one interface of everything that can do work."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bursar.errors import BursarError
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.prices.rows import PriceRow


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work: what is wanted, on which files, within which bounds.

    `context` is the compressed text of the files, for backends that read prompts. `files` maps
    relative paths to their present content.
    """

    description: str
    capabilities: tuple[str, ...]
    files: dict[str, bytes]
    context: str
    max_output_tokens: int
    max_duration_s: float
    operation_id: str
    # Where the files came from, when that is on this machine: tools look for settings there.
    origin: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job. `files` holds only those that changed."""

    summary: str
    text: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    findings: tuple[executor_pb2.Finding, ...] = ()
    failing_tests: tuple[executor_pb2.FailingTest, ...] = ()
    usage: ledger_pb2.TokenUsage = field(default_factory=ledger_pb2.TokenUsage)
    provider_request_id: str = ""
    answered_by_model: str = ""
    is_cut: bool = False
    # What ended the work early; what was used until then is in `usage`.
    error: BursarError | None = None
    # True when a request went out and nobody knows what became of it: the whole hold is charged.
    is_usage_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """The most a job can take, and the price row of it; None where no price is known."""

    amounts: ledger_pb2.Amounts
    price: PriceRow | None


class Backend(Protocol):
    """A tool, a parser or a model."""

    def describe(self) -> planner_pb2.Backend:
        """As the planner sees it: what it can, whether it is there, how to get it."""
        ...

    @property
    def version(self) -> str:
        """What its answers depend on beside the job; part of the key under which they are
        cached.
        """
        ...

    @property
    def start_allowance_s(self) -> float:
        """What starting it (loading a model) may take beside a job's own duration."""
        ...

    def input_tokens_max(self, output_tokens: int) -> int:
        """The most it can read when it has to write `output_tokens`."""
        ...

    def hold(self, job: Job) -> Hold:
        """What has to be set aside before `work`."""
        ...

    async def work(self, job: Job) -> Outcome:
        """Does the job within its bounds. Raises a BursarError when nothing could be begun."""
        ...
