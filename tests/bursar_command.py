"""The `bursar` command as a person starts it: in a process of its own, on a data directory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bursar.broker import Instance, read_instance
from instance_processes import ending, wait_gone

RUN_TIMEOUT_S = 90
# Keys of this machine's user are not for tests, and neither are servers that run on it.
KEPT_OUT = ("ANTHROPIC_", "OPENAI_", "BURSAR_")
OF_TESTS = {
    "BURSAR_EXECUTOR_LOCAL_SERVERS": "{}",
    "BURSAR_CACHE_DISK_FREE_PCT_MIN": "0",
    "NO_COLOR": "1",
}


@dataclass
class Command:
    """`bursar` with one data directory and environment; its instances inherit the latter."""

    data_dir: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, cwd: Path, **streams: object) -> subprocess.Popen[str]:
        """The command, running."""
        argv = [sys.executable, "-m", "bursar_all", *arguments, "--data-dir", str(self.data_dir)]
        own = {name: value for name, value in os.environ.items() if not name.startswith(KEPT_OUT)}
        return subprocess.Popen(
            argv,
            cwd=cwd,
            env={
                **own,
                **OF_TESTS,
                **self.environment,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    def run(
        self, *arguments: str, cwd: Path, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The command, ended."""
        given = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        return ended(self.start(*arguments, cwd=cwd, stdin=given), stdin)

    def run_json(self, *arguments: str, cwd: Path, stdin: str | None = None) -> Lines:
        """What `--json` said, line by line."""
        done = self.run(*arguments, "--json", cwd=cwd, stdin=stdin)
        return Lines(done.returncode, parsed(done.stdout), done.stderr)

    @property
    def instance(self) -> Instance | None:
        return read_instance(self.data_dir)

    def end(self) -> None:
        """Ends the instance that a command left running, if there is one."""
        instance = self.instance
        if instance is not None:
            with ending(instance.pid):
                pass


@dataclass(frozen=True)
class Lines:
    """A command's exit code and the JSON objects it wrote."""

    code: int
    objects: list[dict[str, object]]
    errors: str

    @property
    def result(self) -> dict[str, object]:
        return next(found for found in self.objects if found["type"] == "result")

    @property
    def steps(self) -> list[str]:
        """`plan completed` and the like."""
        return [
            f"{found['name'].removeprefix('STEP_NAME_')}"
            f" {found['state'].removeprefix('STEP_STATE_')}".lower()
            for found in self.objects
            if found["type"] == "step"
        ]


def parsed(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def ended(
    process: subprocess.Popen[str], stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """What a process said, once it has ended; killed, and a failure, when it does not."""
    try:
        stdout, stderr = process.communicate(stdin, timeout=RUN_TIMEOUT_S)
    except BaseException:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


@contextmanager
def up(command: Command, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """`bursar up`, ready; gone after the block."""
    process = command.start("up", cwd=cwd, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout.readline().startswith("ready")
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        process.wait(RUN_TIMEOUT_S)
        process.stdout.close()


def killed(process: subprocess.Popen[str], others: Sequence[int] = ()) -> None:
    """kill -9, and everything that ends with it has ended."""
    process.kill()
    process.wait(RUN_TIMEOUT_S)
    for pid in others:
        wait_gone(pid)
