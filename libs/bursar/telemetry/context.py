"""The W3C trace context of the work at hand, as plain values: no span object unless a call is
sampled.

Source: W3C Trace Context, section 3.2 (traceparent).
"""

from __future__ import annotations

import os
import random
from contextvars import ContextVar
from typing import NamedTuple

TRACEPARENT = "traceparent"
_SAMPLED_FLAG = 0x01
_coin = random.Random()


class TraceContext(NamedTuple):
    """Ids of the trace and of the span at work: 16 and 8 bytes, never all zero."""

    trace_id: bytes
    span_id: bytes
    is_sampled: bool

    @property
    def trace_hex(self) -> str:
        return self.trace_id.hex()

    def traceparent(self) -> str:
        """The header that carries this context to the next process."""
        flags = _SAMPLED_FLAG if self.is_sampled else 0
        return f"00-{self.trace_id.hex()}-{self.span_id.hex()}-{flags:02x}"

    def child(self) -> TraceContext:
        """The same trace with a new span id."""
        return TraceContext(self.trace_id, os.urandom(8), self.is_sampled)


_current: ContextVar[TraceContext | None] = ContextVar("bursar_trace_context", default=None)


def current() -> TraceContext | None:
    """The context of the work at hand; None outside any."""
    return _current.get()


def begin(sample_ratio: float) -> TraceContext:
    """A new trace. The coin is tossed here, once, so that an unsampled call costs no span."""
    ids = os.urandom(24)  # one call of the system for both
    return TraceContext(ids[:16], ids[16:], _coin.random() < sample_ratio)


def parse_traceparent(header: str | None) -> TraceContext | None:
    """The context a caller sent; None when it sent none or one that the standard tells us to
    ignore.
    """
    if header is None:
        return None
    parts = header.strip().split("-")
    if len(parts) < 4 or len(parts[0]) != 2 or parts[0] == "ff":
        return None
    try:
        trace_id, span_id = bytes.fromhex(parts[1]), bytes.fromhex(parts[2])
        flags = int(parts[3], 16)
    except ValueError:
        return None
    if len(trace_id) != 16 or len(span_id) != 8 or not any(trace_id) or not any(span_id):
        return None
    return TraceContext(trace_id, span_id, bool(flags & _SAMPLED_FLAG))


# A class, not a generator: every call passes several.
class within:
    """Makes `context` the current one for the block."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: TraceContext | None) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._token = _current.set(self._context)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
