"""The steps of a task as they happen, for people or as JSON lines, and its result."""

from __future__ import annotations

import json
import sys
from typing import Protocol

import click
from google.protobuf.json_format import MessageToDict

from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.money import format_usd

FINDINGS_SHOWN = 12
TESTS_SHOWN = 12
NS_PER_MS = 1_000_000
CLEAR_LINE = "\r\x1b[2K"

MARKS = {
    executor_pb2.STEP_STATE_STARTED: ("·", None),
    executor_pb2.STEP_STATE_COMPLETED: ("✓", "green"),
    executor_pb2.STEP_STATE_SKIPPED: ("-", "bright_black"),
    executor_pb2.STEP_STATE_FAILED: ("✗", "red"),
    executor_pb2.STEP_STATE_UNAVAILABLE: ("?", "yellow"),
    executor_pb2.STEP_STATE_DENIED: ("✗", "red"),
}


class StepsView(Protocol):
    """Where the steps of a task are shown."""

    def step(self, step: executor_pb2.Step) -> None: ...

    def result(self, result: executor_pb2.TaskResult) -> None: ...

    def applied(self, paths: tuple[str, ...]) -> None: ...


def steps_view(*, is_json: bool) -> StepsView:
    """One JSON object a step, or one line a step for people."""
    return JsonView() if is_json else LinesView()


class JsonView:
    """One JSON object a line; 64-bit integers are strings, as protobuf's JSON has them."""

    def step(self, step: executor_pb2.Step) -> None:
        _print_json("step", MessageToDict(step, preserving_proto_field_name=True))

    def result(self, result: executor_pb2.TaskResult) -> None:
        _print_json("result", MessageToDict(result, preserving_proto_field_name=True))

    def applied(self, paths: tuple[str, ...]) -> None:
        _print_json("applied", {"paths": list(paths)})


def _print_json(kind: str, fields: dict[str, object]) -> None:
    click.echo(json.dumps({"type": kind, **fields}, ensure_ascii=False))
    sys.stdout.flush()


class LinesView:
    """One line a step, then what came of it and what it took.

    On a terminal the line of a step under way is written over by its end.
    """

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty()

    def step(self, step: executor_pb2.Step) -> None:
        is_end = step.state != executor_pb2.STEP_STATE_STARTED
        if step.name == executor_pb2.STEP_NAME_REPORT or not (is_end or self._is_live):
            return  # the report is what follows
        mark, color = MARKS[step.state]
        name = executor_pb2.StepName.Name(step.name).removeprefix("STEP_NAME_").lower()
        took = f" {step.duration_ns / NS_PER_MS:,.0f} ms" if step.duration_ns else ""
        line = f"{click.style(mark, fg=color)} {name:<9}{step.summary}"
        over = CLEAR_LINE if self._is_live else ""
        click.echo(f"{over}{line}{click.style(took, fg='bright_black')}", err=True, nl=is_end)

    def result(self, result: executor_pb2.TaskResult) -> None:
        if result.diff:
            click.echo(_colored_diff(result.diff), nl=False)
        if result.text:
            click.echo(result.text)
        for test in result.failing_tests[:TESTS_SHOWN]:
            _show_failing_test(test)
        _show_how_many_more(len(result.failing_tests) - TESTS_SHOWN)
        _show_findings(result)
        _show_audit(result)

    def applied(self, paths: tuple[str, ...]) -> None:
        click.echo(f"applied to {', '.join(paths) if paths else 'nothing: all was so already'}")


def _colored_diff(diff: str) -> str:
    colors = {"+": "green", "-": "red", "@": "cyan"}
    return "".join(
        click.style(line, fg=colors.get(line[:1])) for line in diff.splitlines(keepends=True)
    )


def _show_failing_test(test: executor_pb2.FailingTest) -> None:
    place = f"{test.file}:{test.line}" if test.line else test.file
    click.echo(f"{click.style('FAILED', fg='red')} {test.test}\n  at {place}\n  {test.error}")
    if test.first_difference:
        click.echo(f"  first difference: {test.first_difference}")


def _show_findings(result: executor_pb2.TaskResult) -> None:
    left = [finding for finding in result.findings if not finding.is_fixed]
    for finding in left[:FINDINGS_SHOWN]:
        place = f"{finding.path}:{finding.line}:{finding.column}"
        click.echo(f"{place}: {finding.code} {finding.message}")
    _show_how_many_more(len(left) - FINDINGS_SHOWN)


def _show_how_many_more(count: int) -> None:
    if count > 0:
        click.echo(f"… and {count:,} more")


def _show_audit(result: executor_pb2.TaskResult) -> None:
    state = executor_pb2.TaskState.Name(result.state).removeprefix("TASK_STATE_").lower()
    usage, cost = result.usage, result.cost
    spent = format_usd(cost.total_nano_usd) if cost.is_known else "price unknown"
    click.echo("")
    click.echo(f"{click.style(state, bold=True)}: {result.summary}")
    marked = " (estimated)" if usage.is_estimate else ""
    click.echo(
        f"spent   {usage.input_tokens:,} tokens in, {usage.output_tokens:,} out{marked}"
        f" · {cost.total_nano_usd:,} nano-USD ({spent})"
    )
    for saving in result.savings:
        click.echo(f"saved   {_saving(saving)}")
    click.echo(f"audit   bursar audit {result.task_id} · trace {result.trace_id}")


def _saving(saving: ledger_pb2.Saving) -> str:
    cause = ledger_pb2.SavingCause.Name(saving.cause).removeprefix("SAVING_CAUSE_")
    tokens = saving.input_tokens + saving.output_tokens
    worth = f" ({format_usd(saving.cost_nano_usd)})" if saving.cost_nano_usd else ""
    amount = f"{tokens:,} tokens{worth}" if tokens else "the whole work"
    return f"{amount} · {cause.lower().replace('_', ' ')}: {saving.reason}"
