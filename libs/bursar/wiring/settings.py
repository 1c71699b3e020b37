"""What can be set for a process as a whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from bursar.secret import Secret
from bursar.settings import PartSettings, settings_of

USAGE_PARTITIONS_MAX = 64


def default_data_dir() -> Path:
    """`bursar` in the user's data folder. Source: XDG Base Directory Specification."""
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "bursar"


class ProcessSettings(PartSettings):
    """Environment BURSAR_…, top level of the file."""

    section: ClassVar[str] = ""
    model_config = settings_of("")

    data_dir: Path = Field(default_factory=default_data_dir)
    # Where the keyring and the file of API keys are; None: in the data directory.
    identity_dir: Path | None = None
    # Empty: this process runs a broker of its own.
    broker_url: str = ""
    broker_credentials_file: Path | None = None
    # Who may ask another's broker whether it syncs every write; None: its operator has to know.
    broker_inspector_file: Path | None = None
    # Over how many streams money is spread, by tenant. As at the first start, for ever.
    usage_partitions: int = Field(default=1, ge=1, le=USAGE_PARTITIONS_MAX)
    # Where content is kept: on this machine, or on the broker for processes that come and go.
    blobs: Literal["directory", "broker"] = "directory"
    blobs_bytes_max: int = Field(default=2 * 1024**3, ge=64 * 1024**2)
    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65_535)
    # `host:port` by which other replicas reach this one; empty: as it listens, and where that is
    # every interface, this machine's own name.
    advertised_address: str = ""
    # For how many brokers leases are kept, and so how long one outlives its holder.
    broker_replicas: int = Field(default=1, ge=1, le=5)
    # Off loopback a server refuses to start unless callers have to bring a key.
    authentication: Literal["none", "keys"] = "none"
    # What commands present to services that ask for keys.
    api_key: SecretStr = SecretStr("")
    drain_s: float = Field(default=10.0, ge=0, le=600)
    log_format: Literal["human", "json"] = "human"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: str = ""
    sample_ratio: float = Field(default=0.01, ge=0, le=1)
    start_timeout_s: float = Field(default=30.0, gt=0, le=600)

    @property
    def identity_place(self) -> Path:
        """The directory of the keyring and the API keys."""
        return self.identity_dir or self.data_dir

    @property
    def presented_key(self) -> Secret | None:
        """The API key of commands; None without one."""
        text = self.api_key.get_secret_value()
        return Secret(text) if text else None
