"""Prints what opening a graph takes and how much memory searching it needs: GRAPH QUERIES."""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "libs"), str(ROOT / "services")]

import numpy as np  # noqa: E402
import psutil  # noqa: E402

from bursar_cache.semantic.partition import new_index, open_graph  # noqa: E402

OPENED_TIMES = 5
MB = 1_000_000


def main(graph: Path, queries: np.ndarray) -> dict[str, float]:
    """Resident memory with the pages that the searches touched, above that before opening."""
    new_index()  # what is imported for it is not the index's
    before_bytes = psutil.Process().memory_info().rss
    took_ms = []
    for _ in range(OPENED_TIMES):
        began = time.perf_counter()
        opened = open_graph(graph, 0)
        took_ms.append(1_000 * (time.perf_counter() - began))
    for query in queries:
        opened.vectors.search(query, 8)
    memory_bytes = psutil.Process().memory_info().rss - before_bytes
    return {
        "index_open_ms": statistics.median(took_ms),
        "index_memory_mb": memory_bytes / MB,
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), np.load(sys.argv[2]))))
