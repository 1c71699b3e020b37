"""Keeps one nats-server alive for as long as the process that started this one lives.

Run by its path with the standard library alone, as each import is time at every start:

    python -I -S supervisor.py NATS_SERVER CONFIGURATION STORE_LOCK PORTS_DIRECTORY

stdin is a pipe whose other end only the parent holds: the kernel closes it however the parent ends.
stdout carries one line an event: `waiting` (another server has the store), `ready PORT PID`,
`ended CODE` (it does not stay up, this process ends too). SIGTERM is an orderly end.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

PARENT_DIED_GRACE_S = 1.0  # every write is synced: a kill loses nothing, only the next start's time
ORDERLY_GRACE_S = 10.0
MAX_RESTARTS = 5
RESTARTS_WINDOW_S = 60.0

_LOCK_POLL_S = 0.02
_PORT_POLL_S = 0.005
_PR_SET_PDEATHSIG = 1
_STDIN = 0


class Job(NamedTuple):
    """The command line, all of it paths; no secret is ever among them."""

    nats_server: str
    configuration: str
    store_lock: str
    ports_directory: str


class Supervisor:
    """One nats-server after the other, until told to stop or until it does not stay up."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._grace_s = PARENT_DIED_GRACE_S
        self._stopping = False
        self._wake, wake_writer = os.pipe()
        os.set_blocking(wake_writer, False)
        signal.set_wakeup_fd(wake_writer)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

    def run(self) -> None:
        """Returns when no server runs any more and none is to be started."""
        lock = os.open(self._job.store_lock, os.O_RDWR | os.O_CREAT, 0o600)
        if not self._took(lock):
            return
        port, restarts_at_s = 0, list[float]()
        while True:
            server = self._start(lock, port)
            port = self._await_port(server)
            if port:
                say(f"ready {port} {server.pid}")
            while not self._stopping and server.poll() is None:
                self._rest(None)
            if self._stopping:
                stop(server, self._grace_s)
                return
            now_s = time.monotonic()
            restarts_at_s = [at_s for at_s in restarts_at_s if now_s - at_s < RESTARTS_WINDOW_S]
            if not port or len(restarts_at_s) == MAX_RESTARTS:
                say(f"ended {server.returncode}")
                return
            restarts_at_s.append(now_s)

    def _took(self, lock: int) -> bool:
        """Waits for the store's lock for as long as the parent waits for us."""
        said = False
        while not self._stopping:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if not said:
                    say("waiting")
                    said = True
                self._rest(_LOCK_POLL_S)
        return False

    def _start(self, lock: int, port: int) -> subprocess.Popen[bytes]:
        command = [self._job.nats_server, "-c", self._job.configuration]
        if port:  # clients of the one before know this address
            command += ["-p", str(port)]
        # The server inherits the lock: it is free exactly when no server has the store open.
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            stderr=sys.stderr,
            pass_fds=(lock,),
            preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 (this process has one thread)
        )

    def _await_port(self, server: subprocess.Popen[bytes]) -> int:
        """The port the server listens on; 0 when it ended first or shall end."""
        program = os.path.basename(self._job.nats_server)
        path = os.path.join(self._job.ports_directory, f"{program}_{server.pid}.ports")
        while not self._stopping and server.poll() is None:
            # The server does not write this file in one step: half of it is not JSON yet.
            with contextlib.suppress(FileNotFoundError, json.JSONDecodeError), open(path) as file:
                url: str = json.load(file)["nats"][0]
                return int(url.rpartition(":")[2])
            self._rest(_PORT_POLL_S)
        return 0

    def _rest(self, timeout_s: float | None) -> None:
        """Wait for the parent's end, a signal, or `timeout_s`."""
        readable, _, _ = select.select([_STDIN, self._wake], [], [], timeout_s)
        if self._wake in readable and signal.SIGTERM in os.read(self._wake, 64):
            self._stopping, self._grace_s = True, ORDERLY_GRACE_S
        if _STDIN in readable and not os.read(_STDIN, 64):
            self._stopping = True


def stop(server: subprocess.Popen[bytes], grace_s: float) -> None:
    """Ask the server to end, and see to it after `grace_s`."""
    server.terminate()
    try:
        server.wait(grace_s)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def die_with(parent_pid: int) -> Callable[[], None] | None:
    """What the child does before it becomes nats-server: end when this supervisor is killed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:
            os._exit(1)

    return prepare


def say(line: str) -> None:
    """Tell the parent, if it still listens."""
    with contextlib.suppress(BrokenPipeError):
        os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    Supervisor(Job(*sys.argv[1:])).run()
