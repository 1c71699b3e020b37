"""A command running under its runner: started, listened to, ended with all it has started."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
from typing import cast

from bursar.errors import BackendUnavailable
from bursar_executor.subprocesses.command import Bounds, CommandSpec
from bursar_executor.subprocesses.runner.messages import Order, Report

RECEIVE_BYTES = 1 << 16
NUMBER_BYTES = 8
# The runner ends the tree by itself; this long after its time it is taken for stuck and killed.
RUNNER_SLACK_S = 5.0


class Supervised:
    """A running command. Its streams may be read, `end` ends it, `report` waits for its end."""

    def __init__(
        self,
        spec: CommandSpec,
        control: socket.socket,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
    ) -> None:
        self.spec = spec
        self.stdout = stdout
        self.stderr = stderr
        self.runner_pid = 0
        self._control = control

    async def give_order(self) -> None:
        """Tell the runner what to run. Raises BackendUnavailable when it died before."""
        loop = asyncio.get_running_loop()
        packed = json.dumps(order_of(self.spec)).encode()
        try:
            self.runner_pid = int.from_bytes(await loop.sock_recv(self._control, NUMBER_BYTES))
            await loop.sock_sendall(self._control, len(packed).to_bytes(NUMBER_BYTES) + packed)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise self._lost_runner() from error

    def end(self) -> None:
        """Let the runner end the whole tree now. `report` tells when that is done."""
        try:
            self._control.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it is gone already

    async def report(self) -> Report:
        """How the command ended; its tree is gone by then.

        Raises BackendUnavailable when it could not be started or its runner was killed.
        """
        told = await self._told()
        if not told:
            raise self._lost_runner()
        report = cast(Report, json.loads(told))
        if report["failed_stage"]:
            why = os.strerror(report["failed_errno"])
            raise BackendUnavailable(
                f"{self.spec.argv[0]} cannot be started ({report['failed_stage']}): {why}",
                facts={"program": self.spec.argv[0]},
            )
        return report

    async def make_sure_it_is_gone(self) -> None:
        """End the tree and wait. A runner that does not answer is killed; its command dies with
        it.
        """
        self.end()
        try:
            async with asyncio.timeout(self.spec.bounds.grace_s + RUNNER_SLACK_S):
                await self._told()
        except TimeoutError:
            if self.runner_pid:
                os.kill(self.runner_pid, signal.SIGKILL)

    async def _told(self) -> bytes:
        """All the runner still says before it ends; nothing when it was killed."""
        loop, told = asyncio.get_running_loop(), b""
        try:
            while piece := await loop.sock_recv(self._control, RECEIVE_BYTES):
                told += piece
        except OSError:
            return b""
        return told

    def _lost_runner(self) -> BackendUnavailable:
        return BackendUnavailable(f"{self.spec.argv[0]}: its supervising process was killed")


def order_of(spec: CommandSpec) -> Order:
    """`spec` in the runner's words. Raises BackendUnavailable when there is no such program."""
    return {
        "program": spec.program(),
        "argv": list(spec.argv),
        "environment": spec.full_environment(),
        "cwd": str(spec.cwd),
        "timeout_ns": int(spec.bounds.wall_s * 1e9),
        "grace_ns": int(spec.bounds.grace_s * 1e9),
        "limits": limits_of(spec.bounds),
        "cut_network": spec.cut_network,
    }


def limits_of(bounds: Bounds) -> list[tuple[int, int]]:
    """The resource limits that are asked for; core dumps never are wanted."""
    wanted = (
        (resource.RLIMIT_AS, bounds.address_space_bytes),
        (resource.RLIMIT_CPU, bounds.cpu_s),
        (resource.RLIMIT_NOFILE, bounds.open_files),
        (resource.RLIMIT_FSIZE, bounds.file_bytes),
        (resource.RLIMIT_CORE, 0),
    )
    return [(limit, value) for limit, value in wanted if value is not None]
