"""OpenCode: `opencode run --format json`, one JSON object a line.

Its own account leaves out the call that makes a title. Here that call is switched off, and with it
the tools where none are needed: 7,065 tokens of prompt in two calls become 2,402 in one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bursar.dialects.body import JsonObject, encode
from bursar.prices.usage import Usage
from bursar_executor.clis.cli import Ask, Launch, Report, StatusAnswer, TaskClass
from bursar_executor.clis.json_output import count_at, events_in, object_at, text_at
from bursar_executor.clis.own_usage import own_usage, sum_of

NAME: Final[str] = "opencode"
PROGRAM: Final[str] = "opencode"
SPEAKS: Final[str] = "openai"
INSTALL: Final[str] = "npm install -g opencode-ai"
LOG_IN: Final[str] = "run `opencode auth login`"
STATUS: Final[tuple[str, ...]] = ("auth", "list")
OWN_PROMPT_TOKENS: Final[Mapping[TaskClass, int]] = {
    TaskClass.ANSWER: 4_000,
    TaskClass.EDIT: 10_000,
}


def is_logged_in(answer: StatusAnswer) -> bool:
    """By its own count of credentials; its exit code is 0 either way."""
    told = answer.stdout + answer.stderr
    return "credentials" in told and " 0 credentials" not in f" {told}"


def launch(ask: Ask) -> Launch:
    """The run, its prompt to come on standard input; its settings in a file of the run's own."""
    settings = ask.home / "opencode.json"
    argv = [PROGRAM, "run", "--format", "json"]
    if ask.model:
        argv += ["-m", ask.model if ask.access is None else f"bursar/{ask.model}"]
    return Launch(
        tuple(argv), {"OPENCODE_CONFIG": str(settings)}, {settings: encode(_settings(ask))}
    )


def _settings(ask: Ask) -> JsonObject:
    settings: JsonObject = {
        "autoupdate": False,
        "share": "disabled",
        "agent": {"title": {"disable": True}},
        "tools": {"*": False} if ask.task_class is TaskClass.ANSWER else {"bash": False},
    }
    if ask.access is not None:
        options: JsonObject = {
            "baseURL": f"{ask.access.url}/v1",
            "apiKey": ask.access.key.reveal_text(),
        }
        provider: JsonObject = {"npm": "@ai-sdk/openai-compatible", "options": options}
        settings["provider"] = {"bursar": {**provider, "models": {ask.model: {}}}}
    return settings


def report(stdout: str, home: Path) -> Report:
    """All its words, and the usage of all its steps."""
    events = events_in(stdout)
    said = [text_at(object_at(event, "part"), "text") for event in events]
    text = "\n".join(words for words in said if words)
    steps = [object_at(event, "part", "tokens") for event in events]
    failed = [object_at(event, "error") for event in events if event.get("type") == "error"]
    why = [
        text_at(object_at(error, "data"), "message") or text_at(error, "name") for error in failed
    ]
    return Report(
        text=text,
        usage=sum_of(map(_usage, steps)),
        error=why[-1] if why else ("" if text else "no answer"),
    )


def _usage(tokens: JsonObject) -> Usage | None:
    """Of one step; its input leaves out what the cache gave and took."""
    cached = count_at(object_at(tokens, "cache"), "read")
    written = count_at(object_at(tokens, "cache"), "write")
    total = count_at(tokens, "input") + cached + written
    return own_usage(
        total, cached, written, count_at(tokens, "output") + count_at(tokens, "reasoning")
    )
