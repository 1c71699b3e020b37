"""What can be set for the demonstration model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalModelSettings:
    """Bounds of the model's process.

    idle_s: how long after its last use it is ended. start_s: how long loading may take.
    address_space_bytes: the most memory its process may ask for; it asks for about 0.65 GB and
    keeps 250 MB. threads: one is quickest where others want the processors too, for threads wait
    for each other by spinning; 0 takes as many as there are processors.
    """

    idle_s: float = 60.0
    start_s: float = 60.0
    address_space_bytes: int = 1536 << 20
    threads: int = 1
    context_tokens: int = 4096
