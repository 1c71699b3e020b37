"""What other gateways cost a call on this machine, before the same provider, under the same load.

    python benchmarks/edge_peers.py

Each is installed by name into an environment of its own below build/, at its own defaults: one
worker, no database, a key asked for where it can. They do other work than the edge: none holds a
budget before a call or writes a durable ledger. For information, without a reach.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import contract  # noqa: E402
import psutil  # noqa: E402
from process_cpu import cpu_s  # noqa: E402

ENVIRONMENTS = contract.ROOT / "build" / "peers"
LITELLM = "litellm[proxy]==1.106.2"
PORTKEY = "@portkey-ai/gateway@1.15.2"
KEY = "sk-measured"
ROUNDS = 3
ROUND_S = 3.0
AT_ONCE = 16
INSTALLED_S_MAX = 600
STARTED_S_MAX = 120


def show() -> None:
    """A line a gateway: CPU a call, calls a second, median wait; or why there is none."""
    with _provider() as provider_port:
        for name, started in (("LiteLLM", _litellm), ("Portkey", _portkey)):
            try:
                print(f"{name:10} {_measured(*started(provider_port))}", flush=True)
            except (OSError, subprocess.SubprocessError, RuntimeError) as error:
                print(f"{name:10} not measured: {type(error).__name__}: {error}", flush=True)


def _litellm(provider_port: int) -> tuple[list[str], list[str], dict[str, str]]:
    """Its command (with a place for the port), the callers' headers, and its environment."""
    home = ENVIRONMENTS / "litellm"
    if not (home / "bin" / "litellm").exists():
        uv = str(Path(sys.executable).with_name("uv"))
        _install([uv, "venv", "-q", str(home)])
        python = str(home / "bin" / "python")
        _install([uv, "pip", "install", "-q", "--python", python, LITELLM])
    target = {
        "model": "openai/gpt-4o-mini",
        "api_base": f"http://127.0.0.1:{provider_port}/v1",
        "api_key": "sk-provider",
    }
    config = {
        "model_list": [{"model_name": "gpt-4o-mini", "litellm_params": target}],
        "general_settings": {"master_key": KEY},
    }
    path = home / "config.yaml"
    path.write_text(json.dumps(config))  # JSON is YAML
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    return [str(home / "bin" / "litellm"), "--config", str(path), "--port={port}"], [], environment


def _portkey(provider_port: int) -> tuple[list[str], list[str], dict[str, str]]:
    home = ENVIRONMENTS / "portkey"
    package = home / "node_modules" / "@portkey-ai" / "gateway"
    if not package.exists():
        home.mkdir(parents=True, exist_ok=True)
        quiet = ["--silent", "--no-audit", "--no-fund"]
        _install(["npm", "install", *quiet, "--prefix", str(home), PORTKEY])
    headers = [
        "x-portkey-provider: openai",
        f"x-portkey-custom-host: http://127.0.0.1:{provider_port}/v1",
    ]
    command = ["node", str(package / "build" / "start-server.js"), "--headless", "--port={port}"]
    return command, headers, {"NODE_ENV": "production"}


def _measured(command: list[str], headers: list[str], environment: dict[str, str]) -> str:
    with _started(command, environment) as (process, port):
        rounds = [_round(process.pid, port, headers) for _ in range(ROUNDS + 1)][1:]
        memory_mb = sum(each.memory_info().rss for each in _tree(process.pid)) / 1e6
    cpu_ms, per_s, p50_ms = (statistics.median(column) for column in zip(*rounds, strict=True))
    return f"{cpu_ms:8.3f} ms CPU {per_s:8.0f} calls/s  p50 {p50_ms:7.1f} ms  {memory_mb:5.0f} MB"


def _round(pid: int, port: int, headers: list[str]) -> tuple[float, float, float]:
    """CPU milliseconds a call of all its processes, calls a second, median wait in ms."""
    before_s, began_s = _tree_cpu_s(pid), time.perf_counter()
    command = [sys.executable, str(HERE / "http_peers.py"), "load", "--port", str(port)]
    command += ["--at-once", str(AT_ONCE), "--seconds", str(ROUND_S), "--key", KEY]
    for header in headers:
        command += ["--header", header]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    if set(told["answered"]) != {"200"}:
        raise RuntimeError(f"not all calls were answered: {told['answered']}")
    calls = told["answered"]["200"]
    return (
        (_tree_cpu_s(pid) - before_s) * 1000 / calls,
        calls / (time.perf_counter() - began_s),
        told["p50_ms"],
    )


@contextmanager
def _started(
    command: list[str], environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The gateway on a free port, once that takes connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [part.replace("{port}", str(port)) for part in command],
            stdout=said,
            stderr=said,
            env={**os.environ, **environment},
        )
        try:
            _await_port(process, port)
            yield process, port
        finally:
            members = _tree(process.pid)
            for member in members:
                member.kill()
            process.wait()


def _await_port(process: subprocess.Popen[bytes], port: int) -> None:
    until_s = time.perf_counter() + STARTED_S_MAX
    while time.perf_counter() < until_s:
        if process.poll() is not None:
            raise RuntimeError(f"it ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"it does not listen after {STARTED_S_MAX} s")


@contextmanager
def _provider() -> Iterator[int]:
    command = [sys.executable, str(HERE / "http_peers.py"), "provider"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def _install(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=INSTALLED_S_MAX, capture_output=True)


def _tree(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def _tree_cpu_s(pid: int) -> float:
    return sum(cpu_s(member.pid) for member in _tree(pid))


if __name__ == "__main__":
    show()
