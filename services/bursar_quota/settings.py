"""What can be set for quota."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from bursar.settings import PartSettings, settings_of


class QuotaSettings(PartSettings):
    """Environment BURSAR_QUOTA_…, section `quota` of the file."""

    section: ClassVar[str] = "quota"
    model_config = settings_of("quota")

    # How long a hold lasts without a sign of life, where its caller says nothing.
    lease_s: float = Field(default=120.0, gt=0, le=86_400)
    # For how long an operation that came before is known again.
    horizon_hours: int = Field(default=24, ge=1, le=24 * 30)
    # For how long the charge of a hold whose lease ran out can be replaced by what was used.
    late_settle_days: int = Field(default=7, ge=1, le=30)
    # How many commands may wait for the log before more are turned away.
    queue_commands_max: int = Field(default=4096, ge=64, le=1_000_000)
    # A snapshot is written when so many more events are in the state; starts then read only these.
    snapshot_events: int = Field(default=100_000, ge=1_000, le=100_000_000)
    # Who is told of alerts, by signed requests: addresses with blanks between.
    webhook_urls: str = ""
    # What the requests are signed with; needed where there are addresses.
    webhook_secret: SecretStr = SecretStr("")
    # How often a receiver that does not take an alert is asked, before it is laid aside.
    webhook_attempts: int = Field(default=8, ge=1, le=100)

    @model_validator(mode="after")
    def _signs_what_it_sends(self) -> Self:
        for url in self.webhook_urls.split():
            if not url.startswith(("http://", "https://")):
                raise ValueError(
                    f"webhook_urls: {url[:80]!r} begins with neither http:// nor https://"
                )
        if self.webhook_urls.strip() and not self.webhook_secret.get_secret_value():
            raise ValueError("webhook_secret: give one, by which receivers know that it is Bursar")
        return self
