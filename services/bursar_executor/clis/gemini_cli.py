"""Gemini CLI: `gemini -o json`, one document.

Its exit code is the provider's status modulo 256 at times; the document tells what happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bursar.dialects.body import encode
from bursar_executor.clis.cli import Ask, Launch, Report, StatusAnswer, TaskClass
from bursar_executor.clis.json_output import count_at, document_in, object_at, text_at
from bursar_executor.clis.own_usage import own_usage, sum_of

NAME: Final[str] = "gemini-cli"
PROGRAM: Final[str] = "gemini"
SPEAKS: Final[str] = "gemini"
INSTALL: Final[str] = "npm install -g @google/gemini-cli"
LOG_IN: Final[str] = "run `gemini` and log in"
STATUS: Final[tuple[str, ...]] = ()
OWN_PROMPT_TOKENS: Final[Mapping[TaskClass, int]] = {
    TaskClass.ANSWER: 10_000,
    TaskClass.EDIT: 10_000,
}

_SETTINGS = encode(
    {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
    }
)
_MODES = {TaskClass.ANSWER: "plan", TaskClass.EDIT: "auto_edit"}


def is_logged_in(answer: StatusAnswer) -> bool:
    """By whether its login file is there."""
    return (answer.home / ".gemini" / "oauth_creds.json").exists()


def launch(ask: Ask) -> Launch:
    """The run, its prompt to come on standard input."""
    argv = [PROGRAM, "-o", "json", "--skip-trust", "--approval-mode", _MODES[ask.task_class]]
    if ask.model:
        argv += ["-m", ask.model]
    if ask.access is None:
        return Launch(tuple(argv))
    environment = {
        "GOOGLE_GEMINI_BASE_URL": ask.access.url,
        "GEMINI_API_KEY": ask.access.key.reveal_text(),
    }
    return Launch(tuple(argv), environment, {ask.home / ".gemini" / "settings.json": _SETTINGS})


def report(stdout: str, home: Path) -> Report:
    """Its document."""
    told = document_in(stdout)
    models = object_at(told, "stats", "models")
    tokens = [object_at(models, model, "tokens") for model in models]
    text = text_at(told, "response")
    return Report(
        text=text,
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
        error="" if text else text_at(object_at(told, "error"), "message") or "no answer",
    )
