"""What can be set for the edge."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from bursar.settings import PartSettings, settings_of

KIB, MIB = 1024, 1024 * 1024
TierName = Literal["paid_api", "local_model"]


class EdgeSettings(PartSettings):
    """Environment BURSAR_EDGE_…, section `edge` of the file."""

    section: ClassVar[str] = "edge"
    model_config = settings_of("edge")

    # 0 takes a free one. The host is the process' own.
    port: int = Field(default=0, ge=0, le=65_535)

    # One provider for each format; `/v1` at the end may be written or left out. Without a key of
    # its own here, the usual variable ANTHROPIC_API_KEY or OPENAI_API_KEY counts, and without that
    # the key that a local client sends goes on.
    anthropic_url: str = "https://api.anthropic.com"
    anthropic_provider: str = "anthropic"
    anthropic_tier: TierName = "paid_api"
    anthropic_api_key: SecretStr | None = None
    openai_url: str = "https://api.openai.com"
    openai_provider: str = "openai"
    openai_tier: TierName = "paid_api"
    openai_api_key: SecretStr | None = None

    # Goes into requests that bound their answer in no way: a hold needs a bound.
    default_max_output_tokens: int = Field(default=4_096, ge=1)
    prices_file: Path | None = None
    price_set: str = "list"

    # The exact cache serves requests with temperature 0; these widen it.
    are_sampled_cached: bool = False
    are_tool_calls_cached: bool = False
    cached_bytes_max: int = Field(default=1 * MIB, ge=0)

    # Of a chat in a request of so many bytes, what is repeated is told once; 0 leaves all as it is.
    shortened_bytes_min: int = Field(default=32 * KIB, ge=0)

    request_bytes_max: int = Field(default=32 * MIB, ge=1)
    response_bytes_max: int = Field(default=64 * MIB, ge=1)
    connections_max: int = Field(default=4_096, ge=1)
    calls_at_once_max: int = Field(default=1_024, ge=1)
    unsettled_max: int = Field(default=8_192, ge=1)

    request_s: float = Field(default=60.0, gt=0)
    idle_s: float = Field(default=75.0, gt=0)
    connect_s: float = Field(default=10.0, gt=0)
    first_byte_s: float = Field(default=600.0, gt=0)
    silence_s: float = Field(default=300.0, gt=0)
    # A hold outlives the longest call; one that is never settled is charged when its lease ends.
    call_s: float = Field(default=3_600.0, gt=0, le=82_800)
    # Calls under way when the process is told to end.
    drain_s: float = Field(default=8.0, ge=0)
