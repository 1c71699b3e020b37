"""Codex: `codex exec --json`, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bursar_executor.clis.cli import Access, Ask, Launch, Report, StatusAnswer, TaskClass
from bursar_executor.clis.json_output import count_at, events_in, object_at, text_at
from bursar_executor.clis.own_usage import own_usage, sum_of

NAME: Final[str] = "codex"
PROGRAM: Final[str] = "codex"
SPEAKS: Final[str] = "openai-responses"
INSTALL: Final[str] = "npm install -g @openai/codex"
LOG_IN: Final[str] = "run `codex login`"
STATUS: Final[tuple[str, ...]] = ("login", "status")
OWN_PROMPT_TOKENS: Final[Mapping[TaskClass, int]] = {
    TaskClass.ANSWER: 12_000,
    TaskClass.EDIT: 12_000,
}

_KEY_VARIABLE = "BURSAR_CODEX_KEY"
_SANDBOXES = {TaskClass.ANSWER: "read-only", TaskClass.EDIT: "workspace-write"}


def is_logged_in(answer: StatusAnswer) -> bool:
    """By its own word; it says no on standard error."""
    return answer.exit_code == 0 and "Not logged in" not in answer.stdout + answer.stderr


def launch(ask: Ask) -> Launch:
    """The run, its prompt to come on standard input. It tries nothing again: a refusal is final."""
    argv = [PROGRAM, "exec", "--json", "--ephemeral", "--skip-git-repo-check"]
    argv += ["-s", _SANDBOXES[ask.task_class]]
    if ask.model:
        argv += ["-m", ask.model]
    environment: dict[str, str] = {}
    if ask.access is not None:
        argv += ["-c", "model_provider=bursar", "-c", _provider(ask.access)]
        environment[_KEY_VARIABLE] = ask.access.key.reveal_text()
    return Launch((*argv, "-"), environment)


def _provider(access: Access) -> str:
    """TOML, whose strings are written as JSON's are."""
    return (
        f'model_providers.bursar={{name="bursar",base_url={json.dumps(access.url + "/v1")},'
        f'env_key="{_KEY_VARIABLE}",wire_api="responses",'
        "request_max_retries=0,stream_max_retries=0}"
    )


def report(stdout: str, home: Path) -> Report:
    """Its last message, and the usage of all its turns."""
    events = events_in(stdout)
    items = [object_at(event, "item") for event in events if event.get("type") == "item.completed"]
    said = [text_at(item, "text") for item in items if item.get("type") == "agent_message"]
    failed = [event for event in events if event.get("type") in ("turn.failed", "error")]
    why = [text_at(object_at(e, "error"), "message") or text_at(e, "message") for e in failed]
    turns = [object_at(event, "usage") for event in events if event.get("type") == "turn.completed"]
    usages = (
        own_usage(
            count_at(turn, "input_tokens"),
            count_at(turn, "cached_input_tokens"),
            count_at(turn, "cache_write_input_tokens"),
            count_at(turn, "output_tokens"),
        )
        for turn in turns
    )
    error = why[-1] if why else ("" if said else "no answer")
    return Report(text="" if error else said[-1], usage=sum_of(usages), error=error)
