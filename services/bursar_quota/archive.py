"""Where what is remembered goes when it is no longer new, and how it gets there.

In memory stay the two newest segments. The files are a cache, as snapshots are: without them, or
with damaged ones, the log is replayed and they are made anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from bursar_quota.domain.state import Ending, Remembered, State
from bursar_quota.old_entries import OldEntries, SegmentFile

SEGMENTS_IN_MEMORY = 2

Kept = TypeVar("Kept")
View = TypeVar("View")
Segments = dict[int, dict[str, Kept]]


class Reading(Protocol):
    """A writer's `read`: between two frames, so that nothing tentative is seen."""

    def __call__(self, view: Callable[[State], View], /) -> Awaitable[View]: ...


class Archive:
    """The old operations and ended reservations of one partition, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self._operations = OldEntries(directory / "operations", Remembered)
        self._ended = OldEntries(directory / "ended", Ending)

    def attach(self, state: State) -> None:
        """Makes the state find what is kept here."""
        state.old_operations, state.old_ended = self._operations, self._ended

    def begin_anew(self) -> State:
        """An empty state, for a full replay."""
        self._operations.clear()
        self._ended.clear()
        state = State()
        self.attach(state)
        return state

    def open(self, operations: list[tuple[int, bytes]], ended: list[tuple[int, bytes]]) -> None:
        """The segments of a snapshot, by number and digest. Raises msgspec.DecodeError."""
        self.begin_anew()
        for number, digest in operations:
            self._operations.open(number, digest)
        for number, digest in ended:
            self._ended.open(number, digest)

    def keep_old(self, state: State) -> None:
        """During a replay, where nothing else waits: what is no longer new goes to files."""
        for number, segment in _no_longer_new(state.operations):
            file = self._operations.write(number, segment)
            _put_away(state.operations, number, file, self._operations)
        for number, ending in _no_longer_new(state.ended):
            ended_file = self._ended.write(number, ending)
            _put_away(state.ended, number, ended_file, self._ended)

    async def keep_old_beside(self, read: Reading) -> None:
        """While the writer works: files are made in a thread, of what changes no more."""
        for number, segment in await read(lambda state: _no_longer_new(state.operations)):
            file = await asyncio.to_thread(self._operations.write, number, segment)
            await read(partial(self._put_operations_away, number, file))
        for number, ending in await read(lambda state: _no_longer_new(state.ended)):
            ended_file = await asyncio.to_thread(self._ended.write, number, ending)
            await read(partial(self._put_ended_away, number, ended_file))

    def tidy(self) -> None:
        """Removes the files of what was forgotten."""
        self._operations.tidy()
        self._ended.tidy()

    def _put_operations_away(
        self, number: int, file: SegmentFile[Remembered], state: State
    ) -> None:
        _put_away(state.operations, number, file, self._operations)

    def _put_ended_away(self, number: int, file: SegmentFile[Ending], state: State) -> None:
        _put_away(state.ended, number, file, self._ended)


def _no_longer_new(segments: Segments[Kept]) -> list[tuple[int, dict[str, Kept]]]:
    """They change no more: what comes is filed under a later number."""
    return [(number, segments[number]) for number in sorted(segments)[:-SEGMENTS_IN_MEMORY]]


def _put_away(
    segments: Segments[Kept], number: int, file: SegmentFile[Kept], old: OldEntries[Kept]
) -> None:
    if segments.pop(number, None) is not None:  # else it was forgotten meanwhile
        old.add(number, file)
