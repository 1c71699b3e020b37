"""Claude Code: `claude -p`, one JSON object a line.

Its `--max-budget-usd` is checked after a call and not used; what it may take is held before. With a
key, `--bare` leaves out what it gathers of itself (29,484 tokens of prompt become 326 without
tools); under a login `--bare` is not offered by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bursar_executor.clis.cli import Ask, Launch, Report, StatusAnswer, TaskClass
from bursar_executor.clis.json_output import count_at, document_in, events_in, object_at, text_at
from bursar_executor.clis.own_usage import own_usage

NAME: Final[str] = "claude-code"
PROGRAM: Final[str] = "claude"
SPEAKS: Final[str] = "anthropic"
INSTALL: Final[str] = "npm install -g @anthropic-ai/claude-code"
LOG_IN: Final[str] = "run `claude` and log in"
STATUS: Final[tuple[str, ...]] = ("auth", "status")
OWN_PROMPT_TOKENS: Final[Mapping[TaskClass, int]] = {TaskClass.ANSWER: 8_000, TaskClass.EDIT: 9_000}

_TOOLS = {TaskClass.ANSWER: "", TaskClass.EDIT: "Read,Edit,Write,Grep,Glob"}


def is_logged_in(answer: StatusAnswer) -> bool:
    """By its own word."""
    return document_in(answer.stdout).get("loggedIn") is True


def launch(ask: Ask) -> Launch:
    """The run, its prompt to come on standard input."""
    argv = [PROGRAM, "-p", "--output-format", "stream-json", "--verbose"]
    argv += ["--tools", _TOOLS[ask.task_class]]
    if ask.task_class is TaskClass.EDIT:
        argv += ["--permission-mode", "acceptEdits"]
    if ask.model:
        argv += ["--model", ask.model]
    environment = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "CLAUDE_CODE_MAX_RETRIES": "2"}
    if ask.access is not None:
        argv.append("--bare")
        environment["ANTHROPIC_BASE_URL"] = ask.access.url
        environment["ANTHROPIC_API_KEY"] = ask.access.key.reveal_text()
    return Launch(tuple(argv), environment)


def report(stdout: str, home: Path) -> Report:
    """Its last event. Its input leaves out what the cache gave and took."""
    events = events_in(stdout)
    result = next((event for event in events if event.get("type") == "result"), {})
    usage = object_at(result, "usage")
    cached = count_at(usage, "cache_read_input_tokens")
    written = count_at(usage, "cache_creation_input_tokens")
    total = count_at(usage, "input_tokens") + cached + written
    words = text_at(result, "result")
    is_error = result.get("is_error") is not False
    return Report(
        text="" if is_error else words,
        usage=own_usage(total, cached, written, count_at(usage, "output_tokens")),
        model=next(iter(object_at(result, "modelUsage")), ""),
        error=(words or text_at(result, "subtype") or "no result") if is_error else "",
    )
