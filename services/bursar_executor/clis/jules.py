"""Jules: sessions in its maker's cloud, by `jules remote new`, `list` and `pull`.

Nothing of it runs here and it has no JSON output: its lines are read as its documentation
shows them, none was recorded, and no real login has been tried. A session takes minutes to hours,
so it is no backend of a task; its diff is pulled once it is done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bursar.errors import FailedPrecondition

NAME: Final[str] = "jules"
PROGRAM: Final[str] = "jules"
INSTALL: Final[str] = "npm install -g @google/jules"
LOG_IN: Final[str] = "run `jules login`"

_SESSION_ID = re.compile(r"\b(?:ID|session)s?\W+(\d{6,})|/session/(\d{6,})", re.IGNORECASE)
_COLUMNS = re.compile(r"\s{2,}|\t")
_STATES: Mapping[str, str] = MappingProxyType(
    {"completed": "completed", "failed": "failed", "in progress": "running", "planning": "running"}
)


@dataclass(frozen=True, slots=True)
class Session:
    """One line of the list. `state` is running, completed or failed; `unknown` for other words."""

    session_id: str
    description: str
    state: str


def new_session(repository: str) -> tuple[str, ...]:
    """Begins one; what is to be done comes on standard input."""
    return (PROGRAM, "remote", "new", "--repo", repository)


def list_sessions() -> tuple[str, ...]:
    """Lists them."""
    return (PROGRAM, "remote", "list", "--session")


def pull(session_id: str) -> tuple[str, ...]:
    """Prints what a session has changed, as a diff."""
    return (PROGRAM, "remote", "pull", "--session", session_id)


def begun_session(stdout: str) -> str:
    """The id of the session that was begun. Raises FailedPrecondition where none is told."""
    found = _SESSION_ID.search(stdout)
    if found is None:
        raise FailedPrecondition(f"jules began no session; {LOG_IN}")
    return found[1] or found[2]


def sessions_in(stdout: str) -> tuple[Session, ...]:
    """The lines of the list that begin with an id."""
    rows = (_COLUMNS.split(line.strip()) for line in stdout.splitlines())
    return tuple(
        Session(row[0], row[1], _STATES.get(row[-1].lower(), "unknown"))
        for row in rows
        if len(row) > 2 and row[0].isdigit()
    )


def diff_in(stdout: str) -> str:
    """The diff of what was pulled; empty where it has changed nothing."""
    at = stdout.find("diff --git ")
    return stdout[at:] if at >= 0 else ""
