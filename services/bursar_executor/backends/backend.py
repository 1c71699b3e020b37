"""The one interface of everything that can do work."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bursar.errors import BursarError, FailedPrecondition
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.prices.rows import PriceRow


class BudgetExhausted(FailedPrecondition):
    """What the plan or the hold allows is used up; what was done until then stays."""

    reason = "BUDGET_EXHAUSTED"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work: what is wanted, on which files, within which bounds.

    `context` is the compressed text of the files, for backends that read prompts. `files` maps
    relative paths to their present content: what one backend changed or deleted, the next one gets
    so.
    """

    description: str
    files: dict[str, bytes]
    context: str
    max_output_tokens: int
    max_duration_s: float
    # Where the files came from, when that is on this machine: tools look for settings there.
    origin: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job. `files` holds those that changed or are new, `deleted_paths` those that
    are gone, `read_paths` those it looked at.
    """

    summary: str
    text: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    deleted_paths: frozenset[str] = frozenset()
    read_paths: frozenset[str] = frozenset()
    findings: tuple[executor_pb2.Finding, ...] = ()
    failing_tests: tuple[executor_pb2.FailingTest, ...] = ()
    usage: ledger_pb2.TokenUsage = field(default_factory=ledger_pb2.TokenUsage)
    provider_request_id: str = ""
    answered_by_model: str = ""
    # Its answer was ended before its end; what was used until then is in `usage`.
    is_cut: bool = False
    # What ended the work early.
    error: BursarError | None = None
    # True when a request went out and nobody knows what became of it: the whole hold is charged.
    is_usage_unknown: bool = False
    # The usage is a tool's own word for what it did: another class of trust than a provider's.
    is_told_by_tool: bool = False
    # What the provider said of its own limits.
    provider_limits: tuple[tasks_pb2.ProviderLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """The most a job can take, and the price row of it; None where no price is known."""

    amounts: ledger_pb2.Amounts
    price: PriceRow | None


class Work(Protocol):
    """A job that a backend is ready to do: nothing is sent or started yet."""

    @property
    def hold(self) -> Hold:
        """What has to be set aside first."""
        ...

    async def done(self) -> Outcome:
        """Does the job. Raises a BursarError when nothing could be begun.

        When it is cancelled, a model that has been sent something ends its call and returns what
        came until then; anything else is gone without a trace, and the cancellation is raised.
        """
        ...


class Backend(Protocol):
    """A tool, a parser or a model."""

    def describe(self) -> planner_pb2.Backend:
        """As the planner sees it: what it can, whether it is there, how to get it."""
        ...

    async def version(self, origin: Path | None) -> str:
        """What its answers depend on beside the job; part of the key under which they are kept."""
        ...

    @property
    def is_repeatable(self) -> bool:
        """Whether the same job gives the same outcome again, so that it may be kept."""
        ...

    @property
    def start_allowance_s(self) -> float:
        """What starting it may take beside a job's own duration."""
        ...

    def input_tokens_max(self, output_tokens: int) -> int:
        """The most it can read when it has to write `output_tokens`."""
        ...

    async def prepared(self, job: Job) -> Work:
        """The job, made ready. Raises InvalidRequest for one that it cannot be given."""
        ...
