"""When two tasks are the same: the canonical form under which a task's result is cached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from bursar_executor.tasks.request import TaskRequest

FORM = "bursar.task.v1"


def canonical_form(
    request: TaskRequest, capabilities: Iterable[str], versions: Iterable[str]
) -> bytes:
    """Everything that changes the result: the words, each file's content, what was needed, who does
    it.

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
            "versions": list(versions),
        },
        sort_keys=True,
        separators=(",", ":"),
    ).encode()
