import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from bursar.errors import BackendUnavailable
from bursar_executor.subprocesses.command import Bounds, CommandSpec, Ending
from bursar_executor.subprocesses.subprocesses import Subprocesses
from hostile_commands import (
    FORKS_ON_AND_ON,
    IGNORES_TERM,
    LEAVES_THE_GROUP,
    gone_within,
    marked,
    new_mark,
    python,
)

QUICK = Bounds(wall_s=0.6, grace_s=0.2)
WHOLE_EXECUTOR = """
import asyncio, sys
from pathlib import Path
from bursar_executor.subprocesses.command import CommandSpec
from bursar_executor.subprocesses.subprocesses import Subprocesses

async def main():
    mark, code, cwd = sys.argv[1:]
    spec = CommandSpec((sys.executable, "-c", code), Path(cwd), environment=dict([mark.split("=")]))
    async with Subprocesses().supervised(spec) as running:
        print((await running.stdout.readline()).decode(), flush=True)
        await running.report()

asyncio.run(main())
"""


async def test_a_process_that_left_group_and_session_ends_with_its_command(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    mark = new_mark()
    spec = CommandSpec(python(LEAVES_THE_GROUP), tmp_path, environment=mark)
    result = await subprocesses.run(spec)
    assert (result.ending, result.exit_code, result.stdout) == (Ending.EXITED, 0, b"out\n")
    assert result.swept_processes == 1
    assert marked(mark) == []


@pytest.mark.parametrize("code", [LEAVES_THE_GROUP + "time.sleep(600)", IGNORES_TERM])
async def test_a_timeout_ends_the_whole_tree_even_where_it_is_deaf_or_has_left(
    subprocesses: Subprocesses, tmp_path: Path, code: str
) -> None:
    mark = new_mark()
    spec = CommandSpec(python(code), tmp_path, environment=mark, bounds=QUICK)
    result = await subprocesses.run(spec)
    assert result.ending is Ending.TIMED_OUT
    assert result.wall_ns < 3e9
    assert marked(mark) == []


async def test_a_family_that_forks_on_and_on_is_ended_to_the_last_member(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    mark = new_mark()
    spec = CommandSpec(python(FORKS_ON_AND_ON), tmp_path, environment=mark, bounds=QUICK)
    result = await subprocesses.run(spec)
    assert result.stdout == b"forking\n"
    assert result.wall_ns < 10e9
    assert marked(mark) == []


async def test_a_cancelled_call_leaves_nothing_behind(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    mark = new_mark()
    spec = CommandSpec(python(IGNORES_TERM), tmp_path, environment=mark, bounds=Bounds(grace_s=0.1))
    async with subprocesses.supervised(spec) as running:
        await running.stdout.readline()
        other = asyncio.create_task(subprocesses.run(spec))
        assert len(marked(mark)) >= 2
        other.cancel()
        with pytest.raises(asyncio.CancelledError):
            await other
    assert marked(mark) == []


@pytest.mark.parametrize("code", [LEAVES_THE_GROUP + "time.sleep(600)", IGNORES_TERM])
async def test_a_kill_of_the_executor_itself_leaves_nothing_behind(
    tmp_path: Path, code: str
) -> None:
    mark = new_mark()
    argument = "=".join(*mark.items())
    executor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WHOLE_EXECUTOR, argument, code, str(tmp_path),
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert executor.stdout is not None
    assert (await executor.stdout.readline()).strip() in {b"out", b"deaf"}
    family = marked(mark)
    assert len(family) >= 2
    executor.kill()
    await executor.wait()
    assert await asyncio.to_thread(gone_within, family, 5.0)
    assert marked(mark) == []


async def test_a_killed_runner_is_reported_and_takes_its_command_along(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    mark = new_mark()
    spec = CommandSpec(("sleep", "600"), tmp_path, environment=mark)
    async with subprocesses.supervised(spec) as running:
        while not (family := marked(mark)):
            await asyncio.to_thread(gone_within, [running.runner_pid], 0.01)
        os.kill(running.runner_pid, signal.SIGKILL)
        with pytest.raises(BackendUnavailable, match="was killed"):
            await running.report()
    assert await asyncio.to_thread(gone_within, family, 5.0)


async def test_after_the_spawner_was_killed_the_next_command_gets_a_new_one(
    subprocesses: Subprocesses, tmp_path: Path
) -> None:
    mark = new_mark()
    async with subprocesses.supervised(
        CommandSpec(python(IGNORES_TERM), tmp_path, environment=mark)
    ) as running:
        await running.stdout.readline()
        spawner = psutil.Process(running.runner_pid).ppid()
        family = marked(mark)
        os.kill(spawner, signal.SIGKILL)
        assert await asyncio.to_thread(gone_within, family, 5.0)
    assert (await subprocesses.run(CommandSpec(("true",), tmp_path))).succeeded
