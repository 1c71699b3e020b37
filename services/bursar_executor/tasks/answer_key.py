"""When two tasks are the same: the canonical form under which a task's result is cached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from bursar_executor.tasks.request import TaskRequest

FORM = "bursar.task.v1"


@dataclass(frozen=True, slots=True)
class DoneBy:
    """Who does it and under which settings: their versions, and a digest of the settings."""

    versions: tuple[str, ...]
    settings: str = ""


def canonical_form(request: TaskRequest, capabilities: Iterable[str], done_by: DoneBy) -> bytes:
    """Everything that changes the result: the words, each file's content, what was needed, who does
    it and under which settings.

    Files count by SHA-256; the cache keys the whole form under the tenant's key, so nothing of it
    can be guessed back.
    """
    task = request.submitted.task
    return json.dumps(
        {
            "form": FORM,
            "description": task.description,
            "files": sorted(
                (path, hashlib.sha256(content).hexdigest())
                for path, content in request.files.items()
            ),
            "capabilities": sorted(capabilities),
            "requested_model": task.requested_model,
            "versions": list(done_by.versions),
            "settings": done_by.settings,
        },
        sort_keys=True,
        separators=(",", ":"),
    ).encode()
