"""File descriptors that stay with one process."""

from __future__ import annotations

import os
import weakref


class OwnDescriptor:
    """A file descriptor that no other process keeps open.

    Locks and pipes tell others that this process lives, so a copy in a child would lie after its
    end: programs that are executed do not inherit it, and forked children close theirs first thing.
    """

    def __init__(self, number: int) -> None:
        self._number: int | None = number
        os.set_inheritable(number, False)
        reference = weakref.ref(self)

        def close_in_child() -> None:
            held = reference()
            if held is not None:
                held.close()

        os.register_at_fork(after_in_child=close_in_child)

    @property
    def number(self) -> int:
        """The open descriptor; ValueError once closed."""
        if self._number is None:
            raise ValueError("this descriptor is closed")
        return self._number

    def close(self) -> None:
        """Close it; again does nothing."""
        if self._number is not None:
            number, self._number = self._number, None
            os.close(number)

    def __del__(self) -> None:
        self.close()
