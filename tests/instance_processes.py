"""Processes that own or want a data directory, and what tests ask about them."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client

HERE = Path(__file__).parent / "bursar" / "broker"
OWNER = [sys.executable, str(HERE / "owner.py")]
CALLER = [sys.executable, str(HERE / "caller.py")]
END_TIMEOUT_S = 20


class Running:
    """Starts processes and reads the one JSON line each of them says."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, *command: str) -> "subprocess.Popen[str]":
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self._processes.append(process)
        return process

    def owner(self, data_dir: Path) -> "subprocess.Popen[str]":
        return self.start(*OWNER, str(data_dir))

    def caller(self, data_dir: Path, *command: str) -> "subprocess.Popen[str]":
        return self.start(*CALLER, str(data_dir), *command)

    def end(self) -> None:
        for process in self._processes:
            with suppress(ProcessLookupError):
                process.terminate()
        for process in self._processes:
            process.wait(END_TIMEOUT_S)
            process.stdout.close()


def said(process: "subprocess.Popen[str]") -> Any:
    return json.loads(process.stdout.readline())


def wait_gone(pid: int, timeout_s: float = END_TIMEOUT_S) -> None:
    """Returns when the process has ended, whether or not its parent has noticed."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([process], [], [], timeout_s)
        assert ended, f"process {pid} has not ended after {timeout_s} s"
    finally:
        os.close(process)


async def until(condition: Callable[[], bool]) -> None:
    """Returns when `condition` holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(END_TIMEOUT_S):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


@contextmanager
def ending(pid: int) -> Iterator[None]:
    """A process that somebody else started is gone after the block."""
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        wait_gone(pid)


async def connect(url: str, user: str, password: str) -> Client:
    async def quiet(error: Exception) -> None:
        """What the client would print is what these tests raise."""

    return await nats.connect(
        url, user=user, password=password, allow_reconnect=False, error_cb=quiet
    )
