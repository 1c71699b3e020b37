"""One order carried out: start the command, watch it, sweep what it leaves, report.

The runner is a fork of the spawner, one process a task. On its control socket it tells its process
id, an order comes in, the report goes out; when the other end closes, the tree is ended.

It adopts orphans (PR_SET_CHILD_SUBREAPER), so a process that left the group by `setsid` and a
double fork is still below it; whatever is below it belongs to this task and is swept. It asks for
no signal on its parent's death: such a signal would end the sweeper before the sweep. The socket
closes at a kill -9 of the executor too, and the spawner ends then as well, which is looked at
besides.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time

from bursar_executor.subprocesses.runner.messages import Order, Report
from bursar_executor.subprocesses.runner.spawning import LIBC, ON_LINUX, spawn
from bursar_executor.subprocesses.runner.tree import (
    has_children,
    signal_groups,
    tree_of,
    wakes_at_exit,
)

PR_SET_CHILD_SUBREAPER = 36
NUMBER_BYTES = 8
TICK_S = 0.2  # how often the spawner's presence is looked at and adopted orphans are reaped
ENDING_TICK_S = 0.005  # while a tree is being ended: how often it is looked whether it is gone


def supervise(control: int, spawner: int) -> None:
    """Carry out the one order that comes in on `control` and report."""
    if ON_LINUX:
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.write(control, os.getpid().to_bytes(NUMBER_BYTES, "big"))
    size_bytes = int.from_bytes(read_exactly(control, NUMBER_BYTES), "big")
    order: Order = json.loads(read_exactly(control, size_bytes))
    task = Task(order)
    release_standard_streams()
    if task.pid:
        task.watch(control, spawner)
    try:
        os.write(control, json.dumps(task.report()).encode())
    except OSError:
        return  # the executor is gone; there is nobody to tell


class Task:
    """One command and whatever it starts."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.timed_out = False
        self.swept_processes = 0
        self.wait_status = 0
        self.ended = False
        self.started_ns = self.ended_ns = time.monotonic_ns()
        self.network_isolated = order["cut_network"] and ON_LINUX
        self.pid, self.failed_stage, self.failed_errno = spawn(order, self.network_isolated)
        if self.failed_stage == "isolate":  # not allowed here: run without, and say so
            self.network_isolated = False
            self.pid, self.failed_stage, self.failed_errno = spawn(order, isolate=False)

    def watch(self, control: int, spawner: int) -> None:
        """Return when the command ended, its time was up or the executor wanted no more; by
        then
        nothing of it is left.
        """
        deadline_ns = self.started_ns + self.order["timeout_ns"]
        poll = select.poll()
        poll.register(control, select.POLLIN | select.POLLHUP)
        tick_s = TICK_S if wakes_at_exit(poll, self.pid) else ENDING_TICK_S
        while not self.reap():
            left_s = (deadline_ns - time.monotonic_ns()) / 1e9
            self.timed_out = left_s <= 0
            if self.timed_out or os.getppid() != spawner:
                break
            if any(number == control for number, _ in poll.poll(min(tick_s, left_s) * 1000)):
                break
        self.end_tree()
        self.ended_ns = time.monotonic_ns()

    def reap(self) -> bool:
        """Collect whatever has ended; true once the command itself has."""
        while has_children():
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == self.pid:
                self.wait_status, self.ended = status, True
        return self.ended

    def end_tree(self) -> None:
        """TERM, a grace, then KILL until nobody is left: a late fork is met in the next round."""
        if not has_children():
            return
        found = tree_of(self.pid)
        self.swept_processes = len(found) - (not self.ended)
        signal_groups(found, signal.SIGTERM)
        kill_at_ns = time.monotonic_ns() + self.order["grace_ns"]
        while has_children():
            if time.monotonic_ns() >= kill_at_ns:
                signal_groups(tree_of(self.pid), signal.SIGKILL)
            time.sleep(ENDING_TICK_S)
            self.reap()

    def report(self) -> Report:
        """What the executor is told."""
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "failed_stage": self.failed_stage,
            "failed_errno": self.failed_errno,
            "wait_status": self.wait_status,
            "timed_out": self.timed_out,
            "swept_processes": self.swept_processes,
            "network_isolated": self.network_isolated,
            "wall_ns": self.ended_ns - self.started_ns,
            "cpu_ns": int((usage.ru_utime + usage.ru_stime) * 1e9),
            "peak_memory_bytes": usage.ru_maxrss * (1024 if ON_LINUX else 1),
        }


def release_standard_streams() -> None:
    """The command alone holds its streams: their readers see the end when it ends."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def read_exactly(descriptor: int, size_bytes: int) -> bytes:
    """That many bytes; ends the process quietly when the executor has gone before."""
    content = b""
    while len(content) < size_bytes:
        piece = os.read(descriptor, size_bytes - len(content))
        if not piece:
            raise SystemExit(1)
        content += piece
    return content
