"""What can be set for the cache."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bursar.settings import PartSettings, settings_of
from bursar_cache.semantic.settings import SemanticSettings

MIB = 1024 * 1024


class CacheSettings(PartSettings):
    """Environment BURSAR_CACHE_…, section `cache` of the file."""

    section: ClassVar[str] = "cache"
    model_config = settings_of("cache")

    memory_bytes_max: int = Field(default=64 * MIB, ge=0)
    # 0: no disk layer.
    disk_bytes_max: int = Field(default=1024 * MIB, ge=0)
    disk_free_pct_min: int = Field(default=10, ge=0, le=100)
    # None: `cache` in the data directory. One process alone uses it.
    directory: Path | None = None
    entry_bytes_max: int = Field(default=1 * MIB, ge=1, le=16 * MIB)
    # Strategy `selective` keeps what cost more, or took more tokens.
    selective_cost_nano_usd_min: int = Field(default=10_000_000, ge=0)
    selective_tokens_min: int = Field(default=2_000, ge=0)
    # Look-ups by meaning.
    semantic: SemanticSettings = SemanticSettings()
