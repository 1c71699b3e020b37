"""What a task saved, as far as it can be shown: never more than what was counted."""

from __future__ import annotations

from collections.abc import Sequence

from bursar.ledger.v1 import ledger_pb2


def by_cached_answer(usage: ledger_pb2.TokenUsage, cost: ledger_pb2.Cost) -> ledger_pb2.Saving:
    """The tokens and the cost that making the stored answer took."""
    return ledger_pb2.Saving(
        cause=ledger_pb2.SAVING_CAUSE_RESPONSE_CACHE_EXACT,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_nano_usd=cost.total_nano_usd,
        is_cost_known=cost.is_known,
        reason="the same was done before",
    )


def by_free_tools(backend_ids: Sequence[str], read_tokens: int) -> ledger_pb2.Saving:
    """The tokens a model would have had to read to do the same, each file once however many tools
    looked at it. Its answer, and a price, are not guessed.
    """
    return ledger_pb2.Saving(
        cause=ledger_pb2.SAVING_CAUSE_FREE_TOOL,
        input_tokens=read_tokens,
        is_cost_known=False,
        reason=f"{', '.join(backend_ids)} did it; a model would have read at least these tokens",
    )


def by_compression(tokens_before: int, tokens_after: int) -> ledger_pb2.Saving:
    """The input tokens that were not sent."""
    return ledger_pb2.Saving(
        cause=ledger_pb2.SAVING_CAUSE_COMPRESSION,
        input_tokens=tokens_before - tokens_after,
        is_cost_known=False,
        reason=f"context compressed from {tokens_before} to {tokens_after} tokens",
    )
