"""The processes below the runner: finding them all, ending them all."""

from __future__ import annotations

import os
import select
import sys


def tree_of(command: int) -> list[int]:
    """All processes below this one, parents before children; without /proc only the command."""
    if sys.platform != "linux":
        return [command]
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            children.setdefault(parent_of(name), []).append(int(name))
    found = list(children.get(os.getpid(), ()))
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def parent_of(pid: str) -> int:
    """The parent's id, or 0 for a process that has just gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def signal_groups(pids: list[int], number: int) -> None:
    """Signal the group of each process once. A group is signalled at one instant, so its members
    cannot outrun a KILL by forking.

    Every group but the runner's own lies in a session this task opened and holds nothing else.
    """
    groups = {group for pid in pids if (group := group_of(pid))}
    for group in groups - {os.getpgrp()}:
        send(-group, number)
    for pid in pids:
        if group_of(pid) == os.getpgrp():  # just forked, not yet in its own session
            send(pid, number)


def group_of(pid: int) -> int:
    """The process group, or 0 for a process that has just gone."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def has_children() -> bool:
    """Whether any process is directly below this one, ended ones not yet reaped included."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def wakes_at_exit(poll: select.poll, pid: int) -> bool:
    """Let `poll` wake when `pid` ends; false where the system has no process descriptors."""
    try:
        poll.register(os.pidfd_open(pid), select.POLLIN)
    except (AttributeError, OSError):
        return False
    return True
