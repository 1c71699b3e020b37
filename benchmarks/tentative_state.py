"""What a change that can be taken back costs: an immutable map against a dict with a journal.

    python benchmarks/tentative_state.py

Microseconds a change of a random key of a map with so many keys; best of seven.
"""

from __future__ import annotations

import random
import sys
import timeit
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "libs"))

import immutables

from bursar.eventlog.tentative import Undo

CHANGES = 2000


def main() -> None:
    print(f"{'keys':>10} {'immutable':>10} {'journal':>10}")
    for size in (10_000, 100_000, 1_000_000):
        keys = [f"key-{number}" for number in range(size)]
        picked = random.Random(1).sample(keys, CHANGES)
        columns = (_immutable_us(keys, picked), _journal_us(keys, picked))
        print(f"{size:10}" + "".join(f" {cost_us:10.2f}" for cost_us in columns))


def _immutable_us(keys: list[str], picked: list[str]) -> float:
    whole = immutables.Map(dict.fromkeys(keys, 0))

    def change() -> None:
        changed = whole
        for key in picked:
            changed = changed.set(key, 1)

    return _best_us(change)


def _journal_us(keys: list[str], picked: list[str]) -> float:
    mapping, undo = dict.fromkeys(keys, 0), Undo()

    def change() -> None:
        for key in picked:
            undo.put(mapping, key, 1)
        undo.forget()

    return _best_us(change)


def _best_us(change: Callable[[], None]) -> float:
    return min(timeit.repeat(change, number=1, repeat=7)) / CHANGES * 1e6


if __name__ == "__main__":
    main()
