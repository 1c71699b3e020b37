"""Containers as processes of this machine: their commands, their environment, their files.

What differs from a container engine: mounts are links below a directory of each process, service
names become ports of loopback, and what listens, listens on loopback.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from workloads import ROOT, Workload

READY_TIMEOUT_S = 60.0
LOOPBACK = "127.0.0.1"
PORTS_OF_NATS = {"client": 4222, "monitor": 8222}

_PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
_PROGRAMS = {
    "python": [sys.executable],
    "bursar": [sys.executable, "-m", "bursar_all"],
    "nats-server": [str(Path(sys.executable).with_name("nats-server"))],
}


class Machine:
    """Where workloads run as processes."""

    def __init__(self, directory: Path, names: tuple[str, ...]) -> None:
        directory.mkdir(exist_ok=True)
        self._directory = directory
        self._ports: dict[tuple[str, int], int] = {}
        self._running: dict[str, tuple[Workload, subprocess.Popen[bytes]]] = {}
        self._address = re.compile(rf"\b({'|'.join(names)}):(\d+)")

    def port(self, name: str, port: int) -> int:
        """The port of loopback that stands for a port of a service."""
        if (name, port) not in self._ports:
            self._ports[name, port] = _free_port()
        return self._ports[name, port]

    def peers(self, names: tuple[str, ...]) -> dict[str, str]:
        """What a command on this machine is told of the services."""
        return {
            f"BURSAR_PEER_{name.upper()}": f"{LOOPBACK}:{self.port(name, 7700)}" for name in names
        }

    def run(self, workload: Workload) -> str:
        """Runs a workload to its end; its output."""
        command, environment = self._translated(workload)
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, workload: Workload) -> None:
        command, environment = self._translated(workload)
        log = (self._directory / f"{workload.name}.log").open("wb")
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._running[workload.name] = (workload, process)

    def log(self, name: str) -> str:
        return (self._directory / f"{name}.log").read_text()

    async def wait_serving(self, name: str, service: str = "") -> None:
        """As an engine does with a gRPC probe: `service` is what health is asked for."""
        waits = [
            asyncio.ensure_future(self._serves(name, service)),
            asyncio.ensure_future(_ended(self._running[name][1].pid)),
        ]
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            assert waits[0].done(), f"{name} ended: {self.log(name)}"
        except TimeoutError:
            raise AssertionError(f"{name} did not become ready: {self.log(name)}") from None
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _serves(self, name: str, service: str) -> None:
        async with grpc.aio.insecure_channel(f"{LOOPBACK}:{self.port(name, 7700)}") as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(
                health_pb2.HealthCheckRequest(service=service), wait_for_ready=True
            )
            async for answer in watch:
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return

    def wait_broker(self) -> None:
        url = f"http://{LOOPBACK}:{self.port('nats', PORTS_OF_NATS['monitor'])}/healthz"
        until = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    assert answer.status == 200
                    return
            except urllib.error.URLError:
                assert self._running["nats"][1].poll() is None, self.log("nats")
                time.sleep(0.05)  # the kernel refuses at once
        raise AssertionError(self.log("nats"))

    def probe(self, workload: Workload) -> int:
        """The exit code of the workload's own health check."""
        return subprocess.run(
            self._command(workload, workload.probe),
            env=self._environment(workload),
            capture_output=True,
            timeout=30,
            check=False,
        ).returncode

    def stop(self, names: list[str]) -> dict[str, int]:
        """SIGTERM to each in this order; exit codes. Fails for one that outlives its grace."""
        codes: dict[str, int] = {}
        for name in names:
            self._running[name][1].send_signal(signal.SIGTERM)
        for name in names:
            workload, process = self._running.pop(name)
            codes[name] = process.wait(workload.grace_s)
        return codes

    def kill(self) -> None:
        for _, process in self._running.values():
            process.kill()
            process.wait()
        self._running.clear()

    def _translated(self, workload: Workload) -> tuple[list[str], dict[str, str]]:
        return self._command(workload, workload.command), self._environment(workload)

    def _command(self, workload: Workload, words: list[str]) -> list[str]:
        command = [*_PROGRAMS[words[0]], *(self._here(workload, word) for word in words[1:])]
        if words[0] == "nats-server":
            client, monitor = (self.port("nats", port) for port in PORTS_OF_NATS.values())
            command += ["--addr", LOOPBACK, "--port", str(client), "--http_port", str(monitor)]
        return command

    def _environment(self, workload: Workload) -> dict[str, str]:
        scratch = self._root(workload) / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": _PATH,
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("libs", "services")),
            "TMPDIR": str(scratch),
            "HOME": str(self._root(workload)),
        }
        for variable, value in workload.environment.items():
            environment[variable] = self._here(workload, value)
        if "BURSAR_HOST" in environment:
            environment["BURSAR_HOST"] = LOOPBACK
        for variable in ("BURSAR_PORT", "BURSAR_EDGE_PORT"):
            if variable in environment:
                environment[variable] = str(self.port(workload.name, int(environment[variable])))
        return environment

    def _here(self, workload: Workload, word: str) -> str:
        """A word of the container's world in this machine's."""
        if any(word.startswith(mount.target) for mount in workload.mounts):
            word = f"{self._root(workload)}{word}"
        if workload.name != "nats":
            word = word.replace(f"{LOOPBACK}:7700", f"{LOOPBACK}:{self.port(workload.name, 7700)}")
        else:
            word = word.replace(
                f"{LOOPBACK}:8222", f"{LOOPBACK}:{self.port('nats', PORTS_OF_NATS['monitor'])}"
            )
        return self._address.sub(
            lambda found: f"{LOOPBACK}:{self.port(found[1], int(found[2]))}", word
        )

    def _root(self, workload: Workload) -> Path:
        root = self._directory / "roots" / workload.name
        for mount in workload.mounts:
            self._link(root / mount.target.lstrip("/"), mount.source)
        return root

    def _link(self, place: Path, source: str | Path) -> None:
        if isinstance(source, str):
            source = self._directory / "volumes" / source
            source.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink():
            place.symlink_to(source)


async def _ended(pid: int) -> None:
    descriptor, ended = os.pidfd_open(pid), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])
