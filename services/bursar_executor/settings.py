"""What can be set for the executor."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from bursar.settings import PartSettings, settings_of
from bursar_executor.endpoints import USUAL_SERVERS
from bursar_executor.models.gate import GateTerms


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
    # Of one endpoint: calls at once, failures in a row after which it is left alone, for how long.
    backend_calls_at_once_max: int = Field(default=16, ge=1, le=10_000)
    backend_failures_max: int = Field(default=5, ge=1, le=1_000)
    backend_shut_s: float = Field(default=20.0, gt=0)
    # Servers of OpenAI's format that are looked for on this machine: base address by name.
    local_servers: dict[str, str] = Field(default_factory=lambda: dict(USUAL_SERVERS))
    # Where coding CLIs send their calls, and the key of Bursar's they show there; without it they
    # run under the user's own login. The model they ask for there, by the CLI's name.
    cli_edge_url: str = ""
    cli_edge_key: SecretStr | None = None
    cli_models: dict[str, str] = Field(default_factory=dict)

    @property
    def gate_terms(self) -> GateTerms:
        """How each endpoint's door is kept."""
        return GateTerms(
            self.backend_calls_at_once_max, self.backend_failures_max, self.backend_shut_s
        )
