"""The parent's end of one supervised nats-server."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from bursar.broker import supervisor
from bursar.broker.data_directory import DataDirectory
from bursar.broker.descriptor import OwnDescriptor
from bursar.broker.logs import last_lines, open_log, size_of
from bursar.errors import FailedPrecondition, Unavailable

_STOP_MARGIN_S = 2.0

# What a program needs to start at all. The rest of the environment may hold keys and stays here.
_PASSED_ENVIRONMENT = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class SupervisedServer:
    """A nats-server that ends with this process, by way of a supervisor in between."""

    def __init__(self, data: DataDirectory, process: Process, lifeline: OwnDescriptor) -> None:
        self._data = data
        self._process = process
        self._lifeline = lifeline
        self._log_starts_at = size_of(data.broker_log)
        self._waited_for_store = False
        self.pid = 0

    @classmethod
    async def launch(cls, nats_server: Path, data: DataDirectory) -> SupervisedServer:
        """Start the supervisor, which starts `nats_server`. Its configuration is written before."""
        if not sys.executable:
            raise FailedPrecondition("this Python does not know its own program; set PYTHONHOME")
        for leftover in data.ports.iterdir():
            leftover.unlink(missing_ok=True)
        far_end, near_end = os.pipe()
        lifeline = OwnDescriptor(near_end)
        log = open_log(data.supervisor_log)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                supervisor.__file__,
                str(nats_server),
                str(data.broker_configuration),
                str(data.store_lock),
                str(data.ports),
                stdin=far_end,
                stdout=PIPE,
                stderr=log,
                env={name: os.environ[name] for name in _PASSED_ENVIRONMENT if name in os.environ},
                start_new_session=True,  # a Ctrl-C at the terminal is for the owner to handle first
            )
        except BaseException:
            lifeline.close()
            raise
        finally:
            os.close(far_end)
            os.close(log)
        return cls(data, process, lifeline)

    async def ready(self) -> str:
        """The server's address, as soon as it listens.

        Raises Unavailable with the end of its log when it ends instead.
        """
        while (words := await self._read_line()) is not None:
            match words:
                case ["ready", port, pid]:
                    self.pid = int(pid)
                    return f"nats://127.0.0.1:{port}"
                case ["waiting"]:
                    self._waited_for_store = True
        raise Unavailable(f"the broker ended before it was ready{self._cited_log()}")

    def late(self, timeout_s: float) -> Unavailable:
        """What to raise when `ready` took longer than `timeout_s`."""
        if self._waited_for_store:
            return Unavailable(
                f"an old broker still has {self._data.store} open after {timeout_s:g} s; end its"
                " nats-server, or wait longer"
            )
        return Unavailable(f"the broker was not ready within {timeout_s:g} s{self._cited_log()}")

    async def wait_ended(self) -> None:
        """Returns when the server does not stay up any more. One caller at a time."""
        while (words := await self._read_line()) is not None:
            if words[0] == "ready":  # it was started again, at the same address
                self.pid = int(words[2])

    async def stop(self) -> None:
        """End server and supervisor in good order, by force if they do not."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(supervisor.ORDERLY_GRACE_S + _STOP_MARGIN_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        finally:
            self._lifeline.close()

    async def _read_line(self) -> list[str] | None:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        return line.decode().split() if line else None

    def _cited_log(self) -> str:
        cited = "\n".join(
            (
                last_lines(self._data.broker_log, self._log_starts_at),
                last_lines(self._data.supervisor_log),
            )
        ).strip()
        return f"; its log ends with:\n{cited}" if cited else ""
