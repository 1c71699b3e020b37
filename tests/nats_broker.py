"""A real nats-server for tests, on a port of its own, with every write synced."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_TIMEOUT_S = 20.0
STORE_BYTES_MAX = 200 * 1024**3  # reserved by name only: nothing is written ahead
_ACCOUNTS = """
system_account: SYSTEM
accounts {
  SYSTEM { users: [{ user: inspector, password: inspector }] }
  BURSAR { jetstream: enabled, users: [{ user: bursar, password: bursar }] }
}
no_auth_user: bursar
"""


class NatsBroker:
    """One server with a store in a temporary directory. Survives `kill` and `start` again."""

    def __init__(self, more: str = "", sync: str = "always") -> None:
        """`more` stands in the configuration, in place of the usual accounts."""
        self.directory = Path(tempfile.mkdtemp(prefix="bursar-nats-"))
        self.port = free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        (self.directory / "nats.conf").write_text(
            f"""
            listen: "127.0.0.1:{self.port}"
            logfile: "{self.directory}/log"
            jetstream {{
              store_dir: "{self.directory}/store"
              sync_interval: {sync}
              max_file_store: {STORE_BYTES_MAX}
            }}
            {more or _ACCOUNTS}
            """
        )

    def start(self) -> NatsBroker:
        binary = Path(sys.executable).with_name("nats-server")
        self._process = subprocess.Popen([binary, "-c", self.directory / "nats.conf"])
        until = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 0.2) as connection:
                    if connection.recv(4) == b"INFO":
                        return self
            except OSError:
                time.sleep(0.01)  # the kernel refuses at once
        raise RuntimeError((self.directory / "log").read_text()[-2000:])

    def kill(self) -> None:
        """As a power loss would end it, but for what the kernel has in its cache."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
