"""What can be set for the planner."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bursar.settings import PartSettings, settings_of


class PlannerSettings(PartSettings):
    """Environment BURSAR_PLANNER_…, section `planner` of the file."""

    section: ClassVar[str] = "planner"
    model_config = settings_of("planner")

    policy: str = "rules-v1"
    # Learn from outcomes while the rules decide; a policy that learns does so anyway.
    learn: bool = False
    # The share of tasks that is to succeed, for policies that learn; a request may say another.
    quality_target: float = Field(default=0.9, gt=0, le=1)
    # How long a plan waits for quota before it goes on with the last known levels.
    quota_timeout_s: float = Field(default=0.5, gt=0, le=10)
    # For how many callers and targets the last known levels are kept.
    levels_kept_max: int = Field(default=4096, ge=1, le=1_000_000)
    # Prices of your own, and the set that holds for all others: `list` or `founding-2024`.
    prices_file: Path | None = None
    price_set: str = "list"
