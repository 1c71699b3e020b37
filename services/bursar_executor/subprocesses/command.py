"""What is asked of a subprocess and what came of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from bursar.errors import BackendUnavailable

# All a command sees of this process' environment: where programs are and how text is written.
# Keys, tokens and proxies are not among them; who needs one names it in `CommandSpec.environment`.
INHERITED_NAMES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a command may use. None leaves a limit as it is.

    `address_space_bytes` is virtual memory: runtimes that reserve far more than they use (node, go)
    need None.
    """

    wall_s: float = 60.0
    grace_s: float = 0.5
    cpu_s: int | None = None
    address_space_bytes: int | None = 4 << 30
    open_files: int | None = 1024
    file_bytes: int | None = 256 << 20
    stdout_bytes: int = 1 << 20
    stderr_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command: no shell reads it, `argv` reaches the program as it is.

    `environment` comes on top of the few inherited names. `cut_network` leaves only a loopback of
    its own, where the system allows that.
    """

    argv: tuple[str, ...]
    cwd: Path
    stdin: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict)
    bounds: Bounds = field(default_factory=Bounds)
    cut_network: bool = False

    def full_environment(self) -> dict[str, str]:
        """Exactly what the command will see."""
        inherited = {name: os.environ[name] for name in INHERITED_NAMES if name in os.environ}
        return {**inherited, **self.environment}

    def program(self) -> str:
        """The absolute path of the program. Raises BackendUnavailable when there is none."""
        path = self.full_environment().get("PATH", os.defpath)
        found = shutil.which(self.argv[0], path=path)
        if found is None:
            raise BackendUnavailable(
                f"{self.argv[0]} is not installed here or not on PATH",
                facts={"program": self.argv[0]},
            )
        return os.path.abspath(found)


class Ending(Enum):
    """How a command came to its end."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    TIMED_OUT = "timed_out"
    FLOODED = "flooded"


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command did. A stream that was cut holds its first and last part and a marker between.

    `exit_code` is None when a signal ended it, `signal` None when it exited by itself.
    `peak_memory_bytes` is that of the largest single process of the tree; `swept_processes` counts
    what the command left running and was ended with it.
    """

    ending: Ending
    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    stdout_cut: bool
    stderr_cut: bool
    wall_ns: int
    cpu_ns: int
    peak_memory_bytes: int
    network_isolated: bool
    swept_processes: int

    @property
    def succeeded(self) -> bool:
        """Exited by itself with 0."""
        return self.ending is Ending.EXITED and self.exit_code == 0
