"""The same log gives the same state, whatever the hash seed and however commands were batched."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
SEEDS = ("0", "1", "4242")
EVENTS_PER_FRAME = ("1", "64")


def digest_of(seed, per_frame):
    process = subprocess.Popen(
        [sys.executable, TESTS / "digest_process.py", per_frame],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return said.strip()


def test_three_hash_seeds_and_two_sizes_of_frames_give_one_digest():
    found = {digest_of(seed, size) for seed in SEEDS for size in EVENTS_PER_FRAME}
    assert len(found) == 1
    assert len(found.pop()) == 64
