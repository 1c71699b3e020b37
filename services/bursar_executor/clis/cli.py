"""What is asked of a coding CLI and what is read of it, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from bursar.prices.usage import Usage
from bursar.secret import Secret

# Goes before every prompt: on standard input a line that begins with `/` is a command of the CLI.
FIRST_LINE = "Do the following task and answer with its result."


class TaskClass(Enum):
    """What a run may need, which decides what of itself a CLI sends to its model."""

    ANSWER = "answer"
    """Words only: everything to be read is in the prompt, so no tools are offered."""
    EDIT = "edit"
    """Files of the working copy may be read and changed; no commands are run."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where a run sends its calls, and the key it shows there."""

    url: str
    key: Secret


@dataclass(frozen=True, slots=True)
class Ask:
    """One run. `model` empty takes the CLI's own choice. Without `access` it runs under the user's
    own login, in the user's own home; with it, `home` is an empty directory of its own.
    """

    task_class: TaskClass
    home: Path
    model: str = ""
    access: Access | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """How it is started: `files` are settings to be written first."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """What a CLI says of a run. `usage` is its own word; None where it said nothing. `error` is
    empty where it told of none, which proves nothing: only an answer does.
    """

    text: str
    usage: Usage | None = None
    model: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """What a CLI answered when it was asked for its login, and the user's home."""

    exit_code: int | None
    stdout: str
    stderr: str
    home: Path


class Cli(Protocol):
    """One CLI: the modules beside this one."""

    @property
    def NAME(self) -> str:
        """As people ask for it."""
        ...

    @property
    def PROGRAM(self) -> str:
        """Its name on PATH."""
        ...

    @property
    def SPEAKS(self) -> str:
        """The wire format of its calls, by the name an endpoint speaks."""
        ...

    @property
    def INSTALL(self) -> str:
        """How to get it."""
        ...

    @property
    def LOG_IN(self) -> str:
        """How to log in."""
        ...

    @property
    def STATUS(self) -> tuple[str, ...]:
        """The arguments that ask for its login; empty where it has no such command."""
        ...

    @property
    def OWN_PROMPT_TOKENS(self) -> Mapping[TaskClass, int]:
        """What it adds to a prompt, rounded up, as `make test-clients` shows it: for holds."""
        ...

    def is_logged_in(self, answer: StatusAnswer) -> bool:
        """By its own word, or by whether its login file is there; that file is never opened."""
        ...

    def launch(self, ask: Ask) -> Launch:
        """The run, its prompt to come on standard input."""
        ...

    def report(self, stdout: str, home: Path) -> Report:
        """What it wrote, in its JSON."""
        ...
