"""What can be set for the executor."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bursar.settings import PartSettings, settings_of
from bursar_executor.endpoints import USUAL_SERVERS


class ExecutorSettings(PartSettings):
    """Environment BURSAR_EXECUTOR_…, section `executor` of the file."""

    section: ClassVar[str] = "executor"
    model_config = settings_of("executor")

    tasks_at_once_max: int = Field(default=16, ge=1, le=1_000)
    tasks_waiting_max: int = Field(default=1_000, ge=1, le=100_000)
    local_model_idle_s: float = Field(default=60.0, gt=0)
    # Callers are on this machine: tools may read their settings where the files came from.
    is_local: bool = True
    upstream_timeout_s: float = Field(default=600.0, gt=0)
    # Servers of OpenAI's format that are looked for on this machine: base address by name.
    local_servers: dict[str, str] = Field(default_factory=lambda: dict(USUAL_SERVERS))
