"""The process that runners are forked from: Python's start is paid once, not by every task.

Its one argument is the number of an open socket. Each message there brings four descriptors, the
command's standard streams and the runner's control socket; each is answered by a fork. When the
other end closes, the spawner ends; its runners notice by themselves.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import NoReturn

from bursar_executor.subprocesses.runner.supervision import supervise

DESCRIPTORS = 4  # stdin, stdout, stderr, control


def main() -> None:
    """Fork a runner for each message until the executor is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended runners are reaped by the system
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        requests.set_inheritable(False)
        while True:
            message, descriptors, _, _ = socket.recv_fds(
                requests, 1, DESCRIPTORS, getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            )
            if not message:
                return
            if os.fork() == 0:
                requests.close()
                become_runner(descriptors)
            for descriptor in descriptors:
                os.close(descriptor)


def become_runner(descriptors: list[int]) -> NoReturn:
    """Carry out one order in a session of its own, and end."""
    try:
        spawner = os.getppid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        *streams, control = descriptors
        for standard, stream in enumerate(streams):
            os.dup2(stream, standard)
            os.close(stream)
        supervise(control, spawner)
    finally:
        os._exit(0)
