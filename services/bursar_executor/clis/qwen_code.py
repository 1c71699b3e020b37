"""Qwen Code: `qwen -o json`, one list of JSON objects.

It ends with 0 and without an error when the provider refuses: the refusal is the text of its
answer. `--bare` leaves out a second call and most tools: 24,927 tokens of prompt become 7,170.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bursar_executor.clis.cli import Ask, Launch, Report, StatusAnswer, TaskClass
from bursar_executor.clis.json_output import count_at, events_in, object_at, text_at
from bursar_executor.clis.own_usage import own_usage, sum_of

NAME: Final[str] = "qwen-code"
PROGRAM: Final[str] = "qwen"
SPEAKS: Final[str] = "openai"
INSTALL: Final[str] = "npm install -g @qwen-code/qwen-code"
LOG_IN: Final[str] = "run `qwen` and log in"
STATUS: Final[tuple[str, ...]] = ()
OWN_PROMPT_TOKENS: Final[Mapping[TaskClass, int]] = {
    TaskClass.ANSWER: 9_000,
    TaskClass.EDIT: 9_000,
}

_REFUSED = "[API Error:"
_MODES = {TaskClass.ANSWER: "plan", TaskClass.EDIT: "auto-edit"}


def is_logged_in(answer: StatusAnswer) -> bool:
    """By whether its login file is there."""
    return (answer.home / ".qwen" / "oauth_creds.json").exists()


def launch(ask: Ask) -> Launch:
    """The run, its prompt to come on standard input."""
    argv = [PROGRAM, "--bare", "-o", "json", "--approval-mode", _MODES[ask.task_class]]
    if ask.access is None:
        model = ("-m", ask.model) if ask.model else ()
        return Launch((*argv, "--auth-type", "qwen-oauth", *model))
    environment = {
        "OPENAI_BASE_URL": f"{ask.access.url}/v1",
        "OPENAI_API_KEY": ask.access.key.reveal_text(),
        "OPENAI_MODEL": ask.model,
    }
    return Launch((*argv, "--auth-type", "openai"), environment)


def report(stdout: str, home: Path) -> Report:
    """Its result, and the usage of every model it asked."""
    events = events_in(stdout)
    result = next((event for event in events if event.get("type") == "result"), {})
    models = object_at(result, "stats", "models")
    tokens = [object_at(models, model, "tokens") for model in models]
    words = text_at(result, "result") or text_at(object_at(result, "error"), "message")
    is_error = result.get("is_error") is not False or words.startswith(_REFUSED)
    return Report(
        text="" if is_error else words,
        usage=sum_of(
            own_usage(
                count_at(counts, "prompt"),
                count_at(counts, "cached"),
                0,
                count_at(counts, "candidates") + count_at(counts, "thoughts"),
            )
            for counts in tokens
        ),
        model=next(iter(models), ""),
        error=(words or "no result") if is_error else "",
    )
