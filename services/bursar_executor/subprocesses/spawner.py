"""The executor's end of the spawner process: started at the first use, started again if it dies."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import bursar_executor
from bursar.errors import BackendUnavailable

SOURCE_ROOT = str(Path(bursar_executor.__file__).parents[1])
# -I and -S: no user settings, no site packages; all it needs is in the standard library.
PROGRAM = (
    f"import sys; sys.path.append({SOURCE_ROOT!r}); "
    "from bursar_executor.subprocesses.runner.spawner import main; main()"
)
STARTS_PER_REQUEST = 2
ENDING_S = 5.0


class Spawner:
    """Asks for runners. It ends with this object, and with this process however that ends."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def spawn(self, stdin: int, stdout: int, stderr: int) -> socket.socket:
        """A runner over these streams; the answer is its control socket, not blocking.

        Raises BackendUnavailable when no spawner stays alive here.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            descriptors = [stdin, stdout, stderr, theirs.fileno()]
            for _ in range(STARTS_PER_REQUEST):
                try:
                    socket.send_fds(self._running(), [b"r"], descriptors)
                except (BrokenPipeError, ConnectionResetError):
                    self.close()
                else:
                    return ours
        ours.close()
        raise BackendUnavailable("no supervising process can be started here")

    def close(self) -> None:
        """End the spawner; its runners see it and end their commands."""
        if self._requests is not None:
            self._requests.close()
        if self._process is not None:
            self._process.wait(ENDING_S)
        self._process = self._requests = None

    def _running(self) -> socket.socket:
        if self._requests is None:
            self._requests, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", PROGRAM, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                    env={},
                )
        return self._requests
