"""The text that a model is given of a task's files, compressed to what the plan allows."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.clients.compressor import CompressorClient
from bursar.compressor.v1 import compressor_pb2
from bursar.errors import InvalidRequest
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2

LEVELS = {
    "plain": compressor_pb2.LEVEL_PLAIN,
    "safe": compressor_pb2.LEVEL_SAFE,
    "aggressive": compressor_pb2.LEVEL_AGGRESSIVE,
}


def joined(files: dict[str, bytes]) -> str:
    """All files as one text, each under its path. Bytes that are no UTF-8 show as replacement
    marks.
    """
    return "\n\n".join(
        f"--- {path} ---\n{content.decode('utf-8', errors='replace')}"
        for path, content in files.items()
    )


@dataclass(frozen=True, slots=True)
class Room:
    """What a model is to read: at most so many tokens, with an eye on what is asked."""

    model: str
    tokens: int
    query: str


async def compressed(
    compressor: CompressorClient,
    text: str,
    plan: planner_pb2.Plan,
    room: Room,
    attribution: ledger_pb2.Attribution,
) -> compressor_pb2.CompressResponse:
    """`text` as the plan wants it compressed, within `room`; its events belong to the task.

    Raises InvalidRequest where the plan's budget holds less than the least that it can come to.
    """
    request = compressor_pb2.CompressRequest(
        content=text,
        level=LEVELS.get(plan.compression_level, compressor_pb2.LEVEL_SAFE),
        target_tokens=max(1, room.tokens),
        model=room.model,
        query=room.query,
        attribution=attribution,
    )
    try:
        return await compressor.compress(request)
    except InvalidRequest as error:
        least_tokens = error.facts.get("least_tokens")
        if least_tokens is None:
            raise
        raise InvalidRequest(
            f"the plan leaves {room.tokens} tokens for the files, and they take at least"
            f" {least_tokens}: say with --hint that it needs more, or give fewer files",
            facts={"left_tokens": room.tokens, "least_tokens": least_tokens},
        ) from None
