"""A process that outlives the one that started it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from bursar.errors import FailedPrecondition


class DetachedProcess:
    """`command` in a session of its own, with nothing on its input and a log for its output."""

    def __init__(self, command: Sequence[str], log: int) -> None:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
        ]
        program = command[0] or sys.executable
        try:
            self.pid = os.posix_spawnp(
                program, list(command), os.environ, file_actions=actions, setsid=True
            )
        except OSError as error:
            raise FailedPrecondition(
                f"{program} cannot be started: {error.strerror}", facts={"program": program}
            ) from error
        self.has_ended = False
        # Somebody has to wait for it, or it stays a zombie for as long as this process lives.
        threading.Thread(target=self._reap, name=f"reap-{self.pid}", daemon=True).start()

    def _reap(self) -> None:
        with suppress(ChildProcessError):  # someone else in this process waited for all children
            os.waitpid(self.pid, 0)
        self.has_ended = True
