"""From a fresh child to the command: its session, its limits, its network, then exec."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import NoReturn

from bursar_executor.subprocesses.runner.messages import Order

ON_LINUX = sys.platform == "linux"
LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
AF_INET, SOCK_DGRAM, SIOCSIFFLAGS = 2, 2, 0x8914
# struct ifreq: the name in 16 bytes, IFF_UP and IFF_RUNNING, the rest of its union.
LOOPBACK_UP = b"lo".ljust(16, b"\0") + (0x41).to_bytes(2, sys.byteorder) + bytes(22)
# Python ignores these and a child would inherit that; the command gets their usual meaning.
SIGNALS_TO_RESTORE = (signal.SIGPIPE, signal.SIGXFSZ)
TOLD_BYTES_MAX = 64


def spawn(order: Order, isolate: bool) -> tuple[int, str, int]:
    """The command's process id, or 0 with the stage that failed and its errno."""
    reading, writing = os.pipe()  # both close on exec: an end without a word means it runs
    pid = os.fork()
    if pid == 0:
        become(order, isolate, writing)
    os.close(writing)
    told = os.read(reading, TOLD_BYTES_MAX).decode()
    os.close(reading)
    if not told:
        return pid, "", 0
    os.waitpid(pid, 0)
    stage, _, number = told.partition(" ")
    return 0, stage, int(number)


def become(order: Order, isolate: bool, telling: int) -> NoReturn:
    """Turn this fresh child into the command; on failure tell the stage and errno, and end."""
    stage = "prepare"
    try:
        runner = os.getppid()
        os.setsid()
        os.chdir(order["cwd"])
        if isolate:
            stage = "isolate"
            cut_network()
            stage = "prepare"
        if ON_LINUX:
            end_with(runner)
            go_first_when_memory_runs_out()
        for number in SIGNALS_TO_RESTORE:
            signal.signal(number, signal.SIG_DFL)
        for limit, value in order["limits"]:
            lower_limit(limit, value)
        stage = "exec"
        os.execve(order["program"], order["argv"], order["environment"])
    except OSError as error:
        os.write(telling, f"{stage} {error.errno}".encode())
    finally:
        os._exit(127)


def cut_network() -> None:
    """A network of its own that holds loopback only, in a user namespace where it keeps its id."""
    uid, gid = os.getuid(), os.getgid()
    checked(LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNET))
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{uid} {uid} 1")
    write("/proc/self/gid_map", f"{gid} {gid} 1")
    datagrams = checked(LIBC.socket(AF_INET, SOCK_DGRAM, 0))
    checked(LIBC.ioctl(datagrams, SIOCSIFFLAGS, LOOPBACK_UP))
    os.close(datagrams)


def end_with(runner: int) -> None:
    """Be killed when the runner is, and gain no rights by a set-uid program.

    Asked for after the new user namespace: a change of credentials forgets it.
    """
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != runner:
        os._exit(127)


def go_first_when_memory_runs_out() -> None:
    try:
        write("/proc/self/oom_score_adj", "500")
    except OSError:
        return  # a wish, not a condition


def lower_limit(limit: int, value: int) -> None:
    """Set the soft and hard limit, never above the hard one that holds already."""
    _, hard = resource.getrlimit(limit)
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (allowed, allowed))


def write(path: str, content: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(content)


def checked(result: int) -> int:
    """The result of a C call, or its errno raised."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
