"""Long texts are worked on elsewhere, and an answer comes whatever becomes of the process."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

import psutil

from bursar_compressor.settings import CompressorSettings
from bursar_compressor.workers import AT_ONCE_CHARS_MAX, THREAD_CHARS_MAX, Workers


def ended_process(owner_pid: int) -> int:
    """Ends the process it runs in, unless that is the owner's."""
    if os.getpid() != owner_pid:
        os._exit(1)
    return owner_pid


async def test_a_short_text_needs_no_switch_and_a_long_one_another_process():
    workers = Workers(CompressorSettings.load())
    try:
        assert await workers.run(AT_ONCE_CHARS_MAX, os.getpid) == os.getpid()
        assert await workers.run(THREAD_CHARS_MAX, os.getpid) == os.getpid()
        assert await workers.run(THREAD_CHARS_MAX + 1, os.getpid) != os.getpid()
    finally:
        workers.close()


async def test_a_process_that_ends_without_an_answer_does_not_cost_the_answer():
    workers = Workers(CompressorSettings.load())
    try:
        work = partial(ended_process, os.getpid())
        assert await workers.run(THREAD_CHARS_MAX + 1, work) == os.getpid()
        assert await workers.run(THREAD_CHARS_MAX + 1, os.getpid) != os.getpid()
    finally:
        workers.close()


async def test_an_idle_process_ends_and_the_next_text_gets_a_new_one():
    workers = Workers(CompressorSettings.load())
    try:
        first_pid = await workers.run(THREAD_CHARS_MAX + 1, os.getpid)
        assert await workers.run(THREAD_CHARS_MAX + 1, os.getpid) == first_pid
        workers.end_idle()
        assert await workers.run(THREAD_CHARS_MAX + 1, os.getpid) != first_pid
    finally:
        workers.close()


OWNER = """
import asyncio, os
from bursar_compressor.settings import CompressorSettings
from bursar_compressor.workers import THREAD_CHARS_MAX, Workers

async def main():
    workers = Workers(CompressorSettings.load())
    print(await workers.run(THREAD_CHARS_MAX + 1, os.getpid), flush=True)
    await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_process_goes_with_its_parent_even_when_that_is_killed():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, env=environment
    ) as owner:
        worker = psutil.Process(int(owner.stdout.readline()))
        assert worker.is_running()
        owner.kill()
    _, alive = psutil.wait_procs([worker], timeout=10)
    assert not alive
