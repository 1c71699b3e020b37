"""What can be set for the simulated provider."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bursar.settings import PartSettings, settings_of


class SimulatorSettings(PartSettings):
    """Environment BURSAR_SIMULATOR_…, section `simulator` of the file."""

    section: ClassVar[str] = "simulator"
    model_config = settings_of("simulator")

    host: str = "127.0.0.1"
    # 0 takes a free one.
    port: int = Field(default=0, ge=0, le=65_535)
    # What `/v1/models` lists. Calls may name any model.
    models: tuple[str, ...] = (
        "claude-haiku-4-5",
        "claude-opus-4-8",
        "claude-sonnet-4-5",
        "gemini-2.5-flash",
        "gpt-4o",
        "gpt-4o-mini",
        "gpt-5.6",
    )
    # Waits that a directive may change for single calls.
    first_byte_s: float = Field(default=0.0, ge=0, le=600)
    chunk_s: float = Field(default=0.0, ge=0, le=60)
    # Told in headers, never enforced: a refusal is asked for by a fault.
    requests_per_minute: int = Field(default=4_000, ge=1)
    tokens_per_minute: int = Field(default=2_000_000, ge=1)
    # Single calls are remembered up to this many; totals for ever.
    calls_kept_max: int = Field(default=100_000, ge=0, le=1_000_000)
    request_bytes_max: int = Field(default=32 * 1024 * 1024, ge=1)
