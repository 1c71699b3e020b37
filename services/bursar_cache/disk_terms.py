"""How the disk layer works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DiskTerms:
    """`free_pct_min` of the disk is left to others, the event log first. What is written behind
    waits `behind_s` for company.
    """

    directory: Path
    bytes_max: int
    free_pct_min: int
    clock: Callable[[], int]
    behind_s: float = 0.2
