"""The questions of all scopes, and how the nearest of one scope is found.

A scope is a partition of its own: its vectors are in no matrix and no graph that another scope is
searched in, so that no other scope can match, however near.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bursar.durable_files import make_private_directory
from bursar.errors import Unavailable
from bursar_cache.semantic.partition import (
    FRESH_MAX,
    Graph,
    Partition,
    build_graph,
    open_graph,
)
from bursar_cache.semantic.rows import Question, Rows

if TYPE_CHECKING:
    from bursar.embedding.model import Vector

ROWS_FILE = "questions.sqlite"
OPEN_SCOPES_MAX = 32
# The nearest may have expired or been replaced; the next ones stand in.
CANDIDATES = 8
REMOVED_AT_ONCE = 256

_logger = logging.getLogger(__name__)


class SemanticIndex:
    """Used by one thread at a time; it builds graphs in a second one."""

    def __init__(self, directory: Path, entries_max: int) -> None:
        make_private_directory(directory)
        self._directory = directory
        self._entries_max = entries_max
        self._rows = Rows(self._rows_path)
        self._entries = self._rows.count()
        self._open: OrderedDict[bytes, Partition] = OrderedDict()
        self._builder = ThreadPoolExecutor(max_workers=1, thread_name_prefix="semantic builder")
        self._building: dict[bytes, Future[None]] = {}

    def add(self, question: Question, vector: Vector) -> None:
        """Found from now on; in the place of an older one with its key."""
        # A scope that is opened now reads what is there: so it is opened first.
        partition = self._partition(question.scope)
        number = self._rows.add(question)
        self._entries += 1
        if self._entries > self._entries_max:
            self._rows.remove_oldest(REMOVED_AT_ONCE)
            self._entries = self._rows.count()
        if partition is None:
            return  # the builder reads it
        partition.add(number, vector)
        if partition.is_to_be_built:
            self._build(question.scope, partition)

    def nearest(self, scope: bytes, vector: Vector, now_ns: int) -> tuple[Question, float] | None:
        """The nearest that has not expired, and its cosine by the stored vector. Raises Unavailable
        while the scope's graph is built anew.
        """
        partition = self._partition(scope)
        if partition is None:
            raise Unavailable("the index of this scope is being built anew")
        numbers = [near.number for near in partition.nearest(vector, CANDIDATES)]
        live = []
        for number, stored in self._rows.get(numbers):
            if stored.scope != scope:
                continue
            if stored.expires_at_ns <= now_ns:
                self._rows.remove(number)
                continue
            exact = np.frombuffer(stored.vector, dtype=np.float16).astype(np.float32)
            live.append((stored, float(exact @ vector)))
        return max(live, key=lambda each: each[1], default=None)

    def forget(self, scope: bytes, exact_key: bytes) -> None:
        """What has no answer any more is not found again."""
        self._rows.remove_key(scope, exact_key)

    def wait_until_built(self, timeout_s: float) -> None:
        """Returns once nothing is being built; what is built is used from the next look-up on."""
        for building in list(self._building.values()):
            building.result(timeout_s)

    def close(self) -> None:
        """Ends once what is being built has been; everything is on disk."""
        self._builder.shutdown()
        self._rows.close()

    @property
    def _rows_path(self) -> Path:
        return self._directory / ROWS_FILE

    def _partition(self, scope: bytes) -> Partition | None:
        """None while its graph is being built and there was none before."""
        partition = self._open.get(scope)
        if partition is not None:
            self._open.move_to_end(scope)
            return partition
        building = self._building.get(scope)
        if building is not None and not building.done():
            return None
        partition = self._opened(scope)
        if partition is not None:
            self._open[scope] = partition
            if len(self._open) > OPEN_SCOPES_MAX:
                self._open.popitem(last=False)
        return partition

    def _opened(self, scope: bytes) -> Partition | None:
        graph = self._graph(scope)
        partition = Partition(graph)
        if self._rows.count_after(scope, partition.until) > 2 * FRESH_MAX:
            self._build(scope, None)
            return None
        for number, vector in self._rows.after(scope, partition.until):
            partition.add(number, np.frombuffer(vector, dtype=np.float16).astype(np.float32))
        return partition

    def _graph(self, scope: bytes) -> Graph | None:
        path = self._graph_path(scope)
        if path is None:
            return None
        try:
            return open_graph(path, _until(path))
        except RuntimeError as error:
            _logger.warning("a graph of questions is damaged and is built anew: %s", error)
            path.unlink(missing_ok=True)
            return None

    def _build(self, scope: bytes, partition: Partition | None) -> None:
        building = self._building.get(scope)
        if building is None or building.done():
            adopt = partition.adopt if partition is not None else _drop
            self._building[scope] = self._builder.submit(self._built, scope, adopt)

    def _built(self, scope: bytes, adopt: Callable[[Graph], None]) -> None:
        """In the builder's thread, with a connection of its own."""
        before = self._graph_path(scope)
        until_before = _until(before) if before is not None else 0
        with closing(Rows(self._rows_path)) as rows:
            vectors = list(rows.after(scope, until_before))
        if not vectors:
            return
        until = vectors[-1][0]
        path = self._directory / f"{scope.hex()}-{until}.graph"
        unfinished = path.with_suffix(".unfinished")
        build_graph(unfinished, before, vectors)
        unfinished.replace(path)
        adopt(open_graph(path, until))
        if before is not None:
            before.unlink(missing_ok=True)  # whoever has it mapped keeps it

    def _graph_path(self, scope: bytes) -> Path | None:
        """The newest graph of a scope."""
        paths = self._directory.glob(f"{scope.hex()}-*.graph")
        return max(paths, key=_until, default=None)


def _until(path: Path) -> int:
    """The highest number in a graph, by its file's name."""
    return int(path.stem.rpartition("-")[2])


def _drop(_: Graph) -> None:
    """Nobody has the scope open: whoever opens it next reads the graph."""
