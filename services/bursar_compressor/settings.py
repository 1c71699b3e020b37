"""What can be set for the compressor."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bursar.settings import PartSettings, settings_of


class CompressorSettings(PartSettings):
    """Environment BURSAR_COMPRESSOR_…, section `compressor` of the file."""

    section: ClassVar[str] = "compressor"
    model_config = settings_of("compressor")

    processes_max: int = Field(default=1, ge=1, le=64)
    waiting_max: int = Field(default=256, ge=1, le=10_000)
    idle_s: float = Field(default=60.0, gt=0)  # after which the processes end
