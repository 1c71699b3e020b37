"""A submitted task, checked: what the rest of the executor may rely on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bursar.errors import InvalidRequest
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2

FILES_MAX = 1_000
FILES_BYTES_MAX = 16 * 1024 * 1024
DESCRIPTION_CHARACTERS_MAX = 100_000
OPERATION_ID_BYTES_MAX = 128
DEFAULT_TENANT_ID = "default"


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """What was asked. `encoded` is the whole request as its blob holds it."""

    submitted: executor_pb2.SubmitRequest
    attribution: ledger_pb2.Attribution
    files: dict[str, bytes]
    encoded: bytes

    @property
    def description(self) -> str:
        return self.submitted.task.description

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the content, whatever its operation id."""
        return hashlib.sha256(self.encoded).digest()


def checked(request: executor_pb2.SubmitRequest) -> TaskRequest:
    """Raises InvalidRequest naming the field, its value and the remedy."""
    _check_text("task.description", request.task.description)
    if len(request.operation_id.encode()) > OPERATION_ID_BYTES_MAX:
        raise InvalidRequest.of("operation_id", request.operation_id, "use at most 128 bytes")
    if len(request.files) > FILES_MAX:
        raise InvalidRequest.of("files", len(request.files), f"send at most {FILES_MAX} files")
    total_bytes = sum(len(file.content) for file in request.files)
    if total_bytes > FILES_BYTES_MAX:
        raise InvalidRequest.of("files", f"{total_bytes} bytes", "send at most 16 MiB in all")
    files: dict[str, bytes] = {}
    for file in request.files:
        if not file.path or file.path in files:
            raise InvalidRequest.of("files.path", file.path, "give each file a path of its own")
        files[file.path] = file.content
    attribution = ledger_pb2.Attribution()
    attribution.CopyFrom(request.attribution)
    attribution.tenant_id = attribution.tenant_id or DEFAULT_TENANT_ID
    content = executor_pb2.SubmitRequest()
    content.CopyFrom(request)
    content.ClearField("operation_id")
    return TaskRequest(request, attribution, files, content.SerializeToString(deterministic=True))


def lost(attribution: ledger_pb2.Attribution) -> TaskRequest:
    """What stands for a request that is gone: only who asked is known."""
    return TaskRequest(executor_pb2.SubmitRequest(), attribution, {}, b"")


def _check_text(field: str, text: str) -> None:
    if not text.strip():
        raise InvalidRequest.of(field, text, "say in words what you want done")
    if len(text) > DESCRIPTION_CHARACTERS_MAX:
        raise InvalidRequest.of(
            field,
            f"{len(text)} characters",
            f"use at most {DESCRIPTION_CHARACTERS_MAX} and send the rest as a file",
        )
