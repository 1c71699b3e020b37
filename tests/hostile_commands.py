"""Hostile children, and the means to see what is left of them: written to be run as commands."""

from __future__ import annotations

import os
import select
import sys
import uuid
from pathlib import Path

import psutil

MARK = "BURSAR_TEST_MARK"

# Each prints a line once everything it wanted to start is running.
LEAVES_THE_GROUP = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("out", flush=True)
        time.sleep(600)
    os._exit(0)
os.wait()
"""
IGNORES_TERM = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    time.sleep(600)
print("deaf", flush=True)
time.sleep(600)
"""
FORKS_ON_AND_ON = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("forking", flush=True)
for generation in range(300):
    if os.fork() == 0:
        if generation % 3 == 0:
            os.setsid()
        if generation % 7 == 0:
            time.sleep(600)
    else:
        time.sleep(0.002)
        if generation % 2:
            os._exit(0)
time.sleep(600)
"""


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code, *arguments)


def new_mark() -> dict[str, str]:
    """An environment entry that every process of one command carries."""
    return {MARK: uuid.uuid4().hex}


def marked(mark: dict[str, str]) -> list[int]:
    """The living processes that carry the mark."""
    wanted = f"{MARK}={mark[MARK]}".encode()
    found = []
    for pid in psutil.pids():
        try:
            if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(pid)
        except OSError:
            continue
    return found


def gone_within(pids: list[int], timeout_s: float) -> bool:
    """Wait for the end of all these processes, woken by the system."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        ended, _, _ = select.select([descriptor], [], [], timeout_s)
        os.close(descriptor)
        if not ended:
            return False
    return True
