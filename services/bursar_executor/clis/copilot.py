"""GitHub Copilot CLI: one JSON object a line, its usage in a file.

With a key it runs offline of GitHub's service, against a provider of OpenAI's format.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bursar.dialects.body import JsonObject, decode_object
from bursar_executor.clis.cli import Ask, Launch, Report, StatusAnswer, TaskClass
from bursar_executor.clis.json_output import count_at, events_in, object_at, text_at
from bursar_executor.clis.own_usage import own_usage, sum_of

NAME: Final[str] = "copilot"
PROGRAM: Final[str] = "copilot"
SPEAKS: Final[str] = "openai"
INSTALL: Final[str] = "npm install -g @github/copilot"
LOG_IN: Final[str] = "run `copilot` and log in"
STATUS: Final[tuple[str, ...]] = ()
OWN_PROMPT_TOKENS: Final[Mapping[TaskClass, int]] = {
    TaskClass.ANSWER: 14_000,
    TaskClass.EDIT: 14_000,
}

_USAGE_FILE = "copilot-usage.json"
_USAGE_BYTES_MAX = 1 << 20


def is_logged_in(answer: StatusAnswer) -> bool:
    """It has no command for that: its settings are written by the first login."""
    return (answer.home / ".copilot" / "config.json").exists()


def launch(ask: Ask) -> Launch:
    """The run, its prompt to come on standard input."""
    argv = [PROGRAM, "--output-format", "json", "--no-auto-update", "--disable-builtin-mcps"]
    argv += ["--no-custom-instructions", "--usage-output-file", str(ask.home / _USAGE_FILE)]
    if ask.task_class is TaskClass.EDIT:
        argv += ["--allow-tool", "write"]
    if ask.access is None:
        return Launch((*argv, *(("--model", ask.model) if ask.model else ())))
    environment = {
        "COPILOT_OFFLINE": "true",
        "COPILOT_PROVIDER_BASE_URL": f"{ask.access.url}/v1",
        "COPILOT_PROVIDER_TYPE": "openai",
        "COPILOT_PROVIDER_WIRE_API": "completions",
        "COPILOT_PROVIDER_API_KEY": ask.access.key.reveal_text(),
        "COPILOT_MODEL": ask.model,
    }
    return Launch(tuple(argv), environment)


def report(stdout: str, home: Path) -> Report:
    """Its last message; its usage from the file."""
    events = events_in(stdout)
    messages = [event for event in events if event.get("type") == "assistant.message"]
    said = [text_at(object_at(event, "data"), "content") for event in messages]
    text = next((words for words in reversed(said) if words), "")
    failed = [event for event in events if str(event.get("type", "")).endswith("error")]
    why = [text_at(object_at(event, "data"), "message") for event in failed]
    metrics = object_at(_told_usage(home / _USAGE_FILE), "modelMetrics")
    usages = [object_at(metrics, model, "usage") for model in metrics]
    return Report(
        text=text,
        usage=sum_of(
            own_usage(
                count_at(usage, "inputTokens"),
                count_at(usage, "cacheReadTokens"),
                count_at(usage, "cacheWriteTokens"),
                count_at(usage, "outputTokens"),
            )
            for usage in usages
        ),
        model=next(iter(metrics), ""),
        error="" if text else (why[-1] if why else "no answer"),
    )


def _told_usage(file: Path) -> JsonObject:
    """Empty where it wrote none."""
    try:
        with file.open("rb") as opened:
            return decode_object(opened.read(_USAGE_BYTES_MAX)) or {}
    except OSError:
        return {}
