"""What can be set for the notary."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bursar.eventlog.checkpointing import FRAMES_MAX, INTERVAL_S
from bursar.settings import PartSettings, settings_of


class NotarySettings(PartSettings):
    """Environment BURSAR_NOTARY_…, section `notary` of the file."""

    section: ClassVar[str] = "notary"
    model_config = settings_of("notary")

    # Where the signing key and its public half are; None: `notary` in the data directory.
    directory: Path | None = None
    # A checkpoint is signed after so many frames, or so many seconds when there was one.
    frames_max: int = Field(default=FRAMES_MAX, ge=1, le=1_000_000)
    interval_s: float = Field(default=INTERVAL_S, gt=0, le=86_400)
