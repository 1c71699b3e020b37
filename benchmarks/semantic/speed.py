"""What the index and a whole look-up by meaning cost where 100,000 questions are stored."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from bursar.cache.v1 import cache_pb2 as contract
from bursar.errors import Unavailable
from bursar.ledger.v1 import ledger_pb2
from bursar_cache.semantic.answering import Answering, Ask, Terms, scope_of
from bursar_cache.semantic.experiences import Experiences
from bursar_cache.semantic.index import ROWS_FILE, SemanticIndex
from bursar_cache.semantic.rows import Question, Rows
from bursar_cache.semantic.settings import SemanticSettings
from semantic.labelled import Vectors

ENTRIES = 100_000
LOOKUPS = 1_000
WARM_UP = 50
RECALL_QUERIES = 1_000
SEED = 3
NEIGHBOUR_SHARE = 0.5  # how far a made vector leans from its text to another
BUILD_TIMEOUT_S = 1_200.0
NEVER_NS = 2**62


def measure(vectors: Vectors, queries: Sequence[str]) -> dict[str, float]:
    """By figure. `queries` are asked and not stored; there are at least LOOKUPS of them."""
    asked = list(queries)[: LOOKUPS + WARM_UP]
    texts = [text for text in vectors if text not in set(asked)]
    rows, stored = _made(texts, vectors)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        scope = scope_of(_ask(""), _keyed_hash)
        questions = (
            Question(scope, number.to_bytes(32, "big"), text, "", vector.tobytes(), NEVER_NS)
            for number, (text, vector) in enumerate(zip(rows, stored, strict=True))
        )
        source = Rows(directory / ROWS_FILE)
        source.add_all(questions)
        source.close()
        recall = _recall(directory, scope, stored, [vectors[text] for text in asked])
        graph = next(directory.glob("*.graph"))
        figures = _of_graph(graph, np.stack([vectors[text] for text in asked]))
        figures |= asyncio.run(_look_ups(directory, asked))
        return {"index_recall_at_1": recall, **figures}


def _made(texts: Sequence[str], vectors: Vectors) -> tuple[list[str], np.ndarray]:
    """ENTRIES texts and their vectors, float16: real ones first, then vectors between two."""
    random = np.random.default_rng(SEED)
    real = np.stack([vectors[text] for text in texts[:ENTRIES]])
    more = ENTRIES - len(real)
    near, far = random.integers(0, len(real), (2, max(more, 0)))
    made = real[near] + NEIGHBOUR_SHARE * random.random((len(near), 1)) * real[far]
    everything = np.concatenate([real, made]).astype(np.float32)
    everything /= np.linalg.norm(everything, axis=1, keepdims=True)
    names = [*texts[:ENTRIES], *(texts[at] for at in near)]
    return names, everything.astype(np.float16)


def _recall(
    directory: Path, scope: bytes, stored: np.ndarray, asked: Sequence[np.ndarray]
) -> float:
    """How often the index's nearest is as near as the nearest of all."""
    index = SemanticIndex(directory, 2 * ENTRIES)
    try:
        index.nearest(scope, asked[0], 0)
    except Unavailable:
        index.wait_until_built(BUILD_TIMEOUT_S)
    exact = stored.astype(np.float32)
    found = 0
    queries = asked[:RECALL_QUERIES]
    for query in queries:
        nearest = index.nearest(scope, query, 0)
        assert nearest is not None
        found += nearest[1] >= float((exact @ query).max()) - 1e-6
    index.close()
    return found / len(queries)


def _of_graph(graph: Path, queries: np.ndarray) -> dict[str, float]:
    """In a process of its own: what opening the graph takes, and how much memory searching it."""
    path = graph.with_suffix(".queries.npy")
    np.save(path, queries)
    command = [sys.executable, Path(__file__).with_name("graph_cost.py"), graph, path]
    ran = subprocess.run(command, capture_output=True, check=True, text=True)
    figures: dict[str, float] = json.loads(ran.stdout)
    return figures


async def _look_ups(directory: Path, asked: Sequence[str]) -> dict[str, float]:
    """One after the other, each with its text embedded, searched, compared and judged."""
    terms = Terms(SemanticSettings(entries_max=2 * ENTRIES), directory, time.time_ns, _keyed_hash)
    experiences = Experiences()
    answering = Answering(terms, lambda: experiences)
    took_ms, cpu_before_s = [], 0.0
    for number, text in enumerate(asked):
        if number == WARM_UP:
            cpu_before_s = time.process_time()
        began = time.perf_counter()
        evidence = await answering.look_up(_ask(text))
        if number >= WARM_UP:
            took_ms.append(1_000 * (time.perf_counter() - began))
        assert evidence.outcome != "unavailable", evidence.detail
    cpu_s = time.process_time() - cpu_before_s
    answering.close()
    return {
        "semantic_p50_ms": statistics.median(took_ms),
        "semantic_p99_ms": statistics.quantiles(took_ms, n=100)[98],
        "semantic_cpu_ms": 1_000 * cpu_s / len(took_ms),
    }


def _ask(text: str) -> Ask:
    target = ledger_pb2.Target(provider="anthropic", model="claude")
    key = sha256(text.encode()).digest()
    return Ask("acme", key, contract.Question(text=text), target, is_opted_in=True)


def _keyed_hash(tenant_id: str, form: bytes) -> bytes:
    return sha256(tenant_id.encode() + form).digest()
