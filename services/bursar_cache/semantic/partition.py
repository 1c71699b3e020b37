"""The vectors of one scope: a graph on disk for most, the newest beside it in memory.

The graph is read through a memory map and never changed. What is added stands in a matrix that is
searched exactly, until a builder has written a graph with all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bursar.embedding.model import DIMENSIONS

if TYPE_CHECKING:
    from usearch.index import Index

    from bursar.embedding.model import Vector

# Above this, exact search of what is new takes longer than the graph.
FRESH_MAX = 2_048
FRESH_FIRST = 64
# At 100,000, 96 missed the nearest of 1 in 200 questions, 256 of 1 in 500; 24 links and 128 of 1 in
# 330: `python benchmarks/semantic.py` gives the recall.
CONNECTIVITY = 16
EXPANSION_ADD = 128
EXPANSION_SEARCH = 256
ADDED_AT_ONCE = 1_000


class Near(NamedTuple):
    """A stored question's number and about its cosine: the graph's vectors are int8."""

    number: int
    similarity: float


class Graph(NamedTuple):
    """A graph, and the highest number that is in it."""

    vectors: Index
    until: int


class Partition:
    """Used by one thread at a time; `adopt` may come from any."""

    def __init__(self, graph: Graph | None) -> None:
        self._graph = graph
        self._built: Graph | None = None
        self._numbers = np.zeros(FRESH_FIRST, dtype=np.int64)
        self._vectors = np.zeros((FRESH_FIRST, DIMENSIONS), dtype=np.float32)
        self._fresh = 0

    @property
    def until(self) -> int:
        """The highest number that is in the graph."""
        return self._graph.until if self._graph is not None else 0

    @property
    def is_to_be_built(self) -> bool:
        """Whether so much is new that a graph should have it."""
        return self._fresh >= FRESH_MAX

    def add(self, number: int, vector: Vector) -> None:
        """Found from now on. Numbers ascend."""
        self._take_built()
        if self._fresh == len(self._numbers):
            self._numbers = np.resize(self._numbers, 2 * self._fresh)
            self._vectors = np.resize(self._vectors, (2 * self._fresh, DIMENSIONS))
        self._numbers[self._fresh] = number
        self._vectors[self._fresh] = vector
        self._fresh += 1

    def nearest(self, vector: Vector, most: int) -> list[Near]:
        """At most `most` of the graph's and of the new ones, nearest first."""
        self._take_built()
        found = self._among_fresh(vector, most)
        if self._graph is not None:
            matches = self._graph.vectors.search(vector, most, threads=1)
            found += [
                Near(int(number), 1 - float(distance))
                for number, distance in zip(matches.keys, matches.distances, strict=True)
            ]
        return sorted(found, key=lambda near: -near.similarity)[:most]

    def adopt(self, graph: Graph) -> None:
        """Has `graph` in the place of its own and of the new ones that are in it, from the next use
        on.
        """
        self._built = graph

    def _take_built(self) -> None:
        built, self._built = self._built, None
        if built is None:
            return
        self._graph = built
        newer = self._numbers[: self._fresh] > built.until
        kept = int(newer.sum())
        self._numbers[:kept] = self._numbers[: self._fresh][newer]
        self._vectors[:kept] = self._vectors[: self._fresh][newer]
        self._fresh = kept

    def _among_fresh(self, vector: Vector, most: int) -> list[Near]:
        if not self._fresh:
            return []
        similarities = self._vectors[: self._fresh] @ vector
        count = min(most, self._fresh)
        best = np.argpartition(-similarities, count - 1)[:count]
        return [Near(int(self._numbers[at]), float(similarities[at])) for at in best]


def open_graph(path: Path, until: int) -> Graph:
    """The graph in `path`, through a memory map. Raises RuntimeError for a damaged file."""
    index = new_index()
    index.view(str(path))
    return Graph(index, until)


def build_graph(path: Path, before: Path | None, vectors: Iterable[tuple[int, bytes]]) -> None:
    """Writes the graph of what is in `before` and of `vectors`, float16, to `path`."""
    index = new_index()
    if before is not None:
        index.load(str(before))
    numbers: list[int] = []
    rows: list[Vector] = []
    for number, vector in vectors:
        numbers.append(number)
        rows.append(np.frombuffer(vector, dtype=np.float16).astype(np.float32))
        if len(numbers) == ADDED_AT_ONCE:
            _add(index, numbers, rows)
            numbers, rows = [], []
    _add(index, numbers, rows)
    index.save(str(path))


def _add(index: Index, numbers: list[int], rows: list[Vector]) -> None:
    if numbers:
        index.add(np.array(numbers, dtype=np.uint64), np.stack(rows), threads=1)


def new_index() -> Index:
    """An empty graph with the settings of all."""
    # In this order: importing onnxruntime 1.32 after usearch 2.26 ends the process (SIGSEGV).
    import onnxruntime  # noqa: F401
    from usearch.index import Index

    return Index(
        ndim=DIMENSIONS,
        metric="cos",
        dtype="i8",
        connectivity=CONNECTIVITY,
        expansion_add=EXPANSION_ADD,
        expansion_search=EXPANSION_SEARCH,
    )
