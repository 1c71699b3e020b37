"""The text that a model is given of a task's files, compressed to what the plan allows."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.clients.compressor import CompressorClient
from bursar.compressor.v1 import compressor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2

LEVELS = {
    "plain": compressor_pb2.LEVEL_PLAIN,
    "safe": compressor_pb2.LEVEL_SAFE,
    "aggressive": compressor_pb2.LEVEL_AGGRESSIVE,
}
OUTPUT_TOKENS_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Shares:
    """How a plan's tokens are split between what is read and what is written."""

    input_tokens: int
    output_tokens: int


def shares_of(plan: planner_pb2.Plan) -> Shares:
    """A quarter to write, at most 4,096 tokens, the rest to read; they sum to the plan's tokens."""
    output_tokens = min(plan.budget.max_tokens // 4, OUTPUT_TOKENS_MAX)
    return Shares(plan.budget.max_tokens - output_tokens, output_tokens)


def joined(files: dict[str, bytes]) -> str:
    """All files as one text, each under its path. Bytes that are no UTF-8 show as replacement
    marks.
    """
    return "\n\n".join(
        f"--- {path} ---\n{content.decode('utf-8', errors='replace')}"
        for path, content in files.items()
    )


async def compressed(
    compressor: CompressorClient,
    content: str,
    request: compressor_pb2.CompressRequest,
    attribution: ledger_pb2.Attribution,
) -> compressor_pb2.CompressResponse:
    """`content` under the bounds of `request`; its events belong to the task of `attribution`."""
    request.content = content
    request.attribution.CopyFrom(attribution)
    return await compressor.compress(request)
