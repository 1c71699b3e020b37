"""What the models of a task are given to read: its files, compressed, as a step of its own."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.errors import BursarError
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.tokens.shares import Shares
from bursar_executor.tasks.collaborators import Collaborators
from bursar_executor.tasks.context import Context, FilesInRoom, Room, heading
from bursar_executor.tasks.draft import Draft
from bursar_executor.tasks.recorder import Recorder
from bursar_executor.tasks.request import TaskRequest

COMPRESS = executor_pb2.STEP_NAME_COMPRESS
FAILED = executor_pb2.STEP_STATE_FAILED


@dataclass(frozen=True, slots=True)
class Reading:
    """Compresses for one task, and records that."""

    request: TaskRequest
    recorder: Recorder
    team: Collaborators
    attribution: ledger_pb2.Attribution

    async def compressed(self, draft: Draft, shares: Shares) -> Context | None:
        """None where nobody reads, or nothing came. Raises InvalidRequest where the plan has no
        room for it.
        """
        readers, files = draft.assignments.readers, self.request.files
        if not readers or not files:
            why = "no files came with it" if readers else "no model reads this"
            self.recorder.skipped(COMPRESS, why)
            return None
        self.recorder.began(COMPRESS, "the same in fewer tokens")
        try:
            room = await self._room(draft, shares)
            headings = await self.team.file_tokens.of({path: _above(path) for path in files})
            in_room = FilesInRoom(self.team.compressor, room, self.attribution)
            context = await in_room.compressed(files, draft.file_tokens, sum(headings.values()))
        except BursarError as error:
            self.recorder.ended(COMPRESS, FAILED, error.message)
            raise
        methods = ", ".join(context.methods) or "nothing to take out"
        self.recorder.done(
            COMPRESS, f"{context.tokens_before:,} to {context.tokens_after:,} tokens: {methods}"
        )
        return context

    async def _room(self, draft: Draft, shares: Shares) -> Room:
        """What the least of all readers' windows and the plan leave beside the task's words."""
        description = self.request.description
        words = await self.team.file_tokens.of({"": description.encode()})
        backends = [self.team.backends.by_id(each.backend_id) for each in draft.assignments.readers]
        window = min(backend.input_tokens_max(shares.output_tokens) for backend in backends)
        tokens = min(shares.input_tokens, window) - words[""]
        model = draft.assignments.readers[0].target.model
        return Room(model, tokens, description, draft.plan.compression_level)


def _above(path: str) -> bytes:
    return f"\n\n{heading(path)}".encode()
