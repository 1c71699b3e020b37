"""What can be set for efficiency."""

from __future__ import annotations

from typing import ClassVar

from bursar.settings import PartSettings, settings_of


class EfficiencySettings(PartSettings):
    """Environment BURSAR_EFFICIENCY_…, section `efficiency` of the file."""

    section: ClassVar[str] = "efficiency"
    model_config = settings_of("efficiency")
