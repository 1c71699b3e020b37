"""Commands run from start to end, or kept running for as long as a block lasts."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import BinaryIO, cast

from bursar.errors import BackendUnavailable
from bursar_executor.subprocesses.capture import Capture
from bursar_executor.subprocesses.command import CommandResult, CommandSpec, Ending
from bursar_executor.subprocesses.runner.messages import Report
from bursar_executor.subprocesses.spawner import Spawner
from bursar_executor.subprocesses.supervised import RUNNER_SLACK_S, Supervised


class Subprocesses:
    """Where the executor's commands are started. One object a process is enough; close it."""

    def __init__(self) -> None:
        self._spawner = Spawner()

    async def run(self, spec: CommandSpec) -> CommandResult:
        """Run the command within its bounds and tell what it did; afterwards none of its processes
        is left, not even after cancelling this call or a kill -9 of this process.

        An exit code other than 0, a signal, a timeout and a flood are results. Raises
        BackendUnavailable when the command cannot be started.
        """
        stdout, stderr = Capture(spec.bounds.stdout_bytes), Capture(spec.bounds.stderr_bytes)
        async with self.supervised(spec) as running:
            try:
                async with asyncio.timeout(
                    spec.bounds.wall_s + spec.bounds.grace_s + RUNNER_SLACK_S
                ):
                    async with asyncio.TaskGroup() as together:
                        out = together.create_task(_kept(running, running.stdout, stdout))
                        err = together.create_task(_kept(running, running.stderr, stderr))
                    report = await running.report()
            except TimeoutError as error:
                raise BackendUnavailable(f"{spec.argv[0]}: its runner does not answer") from error
        flooded = not (out.result() and err.result())
        return _result(report, stdout, stderr, flooded)

    @asynccontextmanager
    async def supervised(self, spec: CommandSpec) -> AsyncIterator[Supervised]:
        """The command, running; when the block is left, however that is, nothing of it is.

        Raises BackendUnavailable when the program is not installed.
        """
        spec.program()
        with ExitStack() as ours:
            with ExitStack() as theirs:
                stdin = theirs.enter_context(_content(spec.stdin))
                stdout, stdout_end = await _pipe(ours, theirs)
                stderr, stderr_end = await _pipe(ours, theirs)
                control = self._spawner.spawn(stdin.fileno(), stdout_end, stderr_end)
            ours.callback(control.close)
            running = Supervised(spec, control, stdout, stderr)
            try:
                await running.give_order()
                yield running
            finally:
                await asyncio.shield(running.make_sure_it_is_gone())

    def close(self) -> None:
        """End what is still running."""
        self._spawner.close()


def _content(content: bytes) -> BinaryIO:
    """A file without a name that holds the standard input: what a prompt says is on no disk where
    the system has files in memory.
    """
    if not content:
        return open(os.devnull, "rb")
    if hasattr(os, "memfd_create"):
        file: BinaryIO = os.fdopen(os.memfd_create("stdin"), "w+b")
    else:
        file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 -- the caller closes it
    file.write(content)
    file.seek(0)
    return file


async def _pipe(ours: ExitStack, theirs: ExitStack) -> tuple[asyncio.StreamReader, int]:
    """A pipe: the end to read, closed with `ours`, and the end to write, closed with `theirs`.

    The transport owns the end it reads: to close that file oneself aborts the process under uvloop.
    """
    reading, writing = os.pipe()
    theirs.callback(os.close, writing)
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", buffering=0)
    )
    ours.callback(transport.close)
    return reader, writing


async def _kept(running: Supervised, stream: asyncio.StreamReader, capture: Capture) -> bool:
    """Read a stream to its end; false for a flood, which ends the command."""
    kept_to_its_end = await capture.read(stream)
    if not kept_to_its_end:
        running.end()
    return kept_to_its_end


def _result(report: Report, stdout: Capture, stderr: Capture, flooded: bool) -> CommandResult:
    status = report["wait_status"]
    signalled = os.WIFSIGNALED(status)
    return CommandResult(
        ending=_ending(report, signalled, flooded),
        exit_code=None if signalled else os.WEXITSTATUS(status),
        signal=os.WTERMSIG(status) if signalled else None,
        stdout=stdout.content(),
        stderr=stderr.content(),
        stdout_cut=stdout.cut,
        stderr_cut=stderr.cut,
        wall_ns=report["wall_ns"],
        cpu_ns=report["cpu_ns"],
        peak_memory_bytes=report["peak_memory_bytes"],
        network_isolated=report["network_isolated"],
        swept_processes=report["swept_processes"],
    )


def _ending(report: Report, signalled: bool, flooded: bool) -> Ending:
    if flooded:
        return Ending.FLOODED
    if report["timed_out"]:
        return Ending.TIMED_OUT
    return Ending.SIGNALLED if signalled else Ending.EXITED
