"""What a caller gets: plain values with money in whole nano-USD."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.efficiency.v1 import efficiency_pb2
from bursar.executor.v1 import executor_pb2


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model call gave and took. `cost_nano_usd` is None where no price is known."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int | None
    is_from_cache: bool
    call_id: str
    trace_id: str

    @classmethod
    def of(cls, text: str, finished: executor_pb2.Finished) -> Answer:
        """The words that were streamed and the last message of the stream."""
        return cls(
            text=text,
            model=finished.target.model,
            input_tokens=finished.usage.input_tokens,
            output_tokens=finished.usage.output_tokens,
            cost_nano_usd=finished.cost.total_nano_usd if finished.cost.is_known else None,
            is_from_cache=finished.is_from_cache,
            call_id=finished.call_id,
            trace_id=finished.trace_id,
        )


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What came of a task. `state` is `completed`, `failed`, `denied`, `unavailable` or
    `cancelled`; `changed_files` holds whole new contents by path, `deleted_files` the paths of
    those that are gone.
    """

    task_id: str
    state: str
    summary: str
    text: str
    diff: str
    changed_files: dict[str, bytes]
    deleted_files: frozenset[str]
    cost_nano_usd: int | None
    is_from_cache: bool
    trace_id: str

    @property
    def is_completed(self) -> bool:
        return self.state == "completed"

    @classmethod
    def of(cls, result: executor_pb2.TaskResult) -> TaskOutcome:
        """The result as the executor tells it."""
        state = executor_pb2.TaskState.Name(result.state).removeprefix("TASK_STATE_").lower()
        return cls(
            task_id=result.task_id,
            state=state,
            summary=result.summary,
            text=result.text,
            diff=result.diff,
            changed_files={
                change.path: change.content for change in result.changes if not change.is_deleted
            },
            deleted_files=frozenset(change.path for change in result.changes if change.is_deleted),
            cost_nano_usd=result.cost.total_nano_usd if result.cost.is_known else None,
            is_from_cache=result.is_from_cache,
            trace_id=result.trace_id,
        )


@dataclass(frozen=True, slots=True)
class Spending:
    """Totals of a period."""

    calls_made: int
    calls_avoided: int
    calls_without_price: int
    input_tokens: int
    output_tokens: int
    tokens_saved: int
    cost_nano_usd: int
    cost_saved_nano_usd: int
    efficiency_rate: float

    @classmethod
    def of(cls, totals: efficiency_pb2.Totals) -> Spending:
        """The totals as efficiency tells them."""
        return cls(
            calls_made=totals.calls_made,
            calls_avoided=totals.calls_avoided,
            calls_without_price=totals.calls_without_price,
            input_tokens=totals.usage.input_tokens,
            output_tokens=totals.usage.output_tokens,
            tokens_saved=totals.tokens_saved,
            cost_nano_usd=totals.cost_nano_usd,
            cost_saved_nano_usd=totals.cost_saved_nano_usd,
            efficiency_rate=totals.efficiency_rate,
        )
