"""The words plans are made of. Numbers as in the contracts."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ThoughtLevel(IntEnum):
    """How much thought a task is worth."""

    TRIVIAL = 1
    SIMPLE = 2
    MODERATE = 3
    COMPLEX = 4
    CRITICAL = 5


class CacheStrategy(IntEnum):
    """How willingly an earlier answer is taken, and this one kept."""

    AGGRESSIVE = 1  # cache everything
    STANDARD = 2  # cache results
    SELECTIVE = 3  # cache expensive operations
    MINIMAL = 4  # cache only what is critical
    NONE = 5  # fresh results are needed


class CompressionLevel(StrEnum):
    """How far the context of a task may be compressed."""

    SAFE = "safe"  # never silently, always restorable
    AGGRESSIVE = "aggressive"  # down to what the budget holds


class Tier(IntEnum):
    """How dear a backend is, cheapest first: plans try them in this order."""

    LOCAL_TOOL = 1
    LOGIN_CLI = 2
    LOCAL_MODEL = 3
    PAID_API = 4


class Meter(IntEnum):
    """What a limit counts."""

    REQUESTS = 1
    INPUT_TOKENS = 2
    OUTPUT_TOKENS = 3
    TOTAL_TOKENS = 4
    COST_NANO_USD = 5
