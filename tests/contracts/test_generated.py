"""The committed Python contracts are what protos/ says, and a stock client can use them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROTOS = ROOT / "protos"
BIN = Path(sys.executable).parent


def test_generating_again_gives_what_is_committed(tmp_path: Path):
    path = f"{BIN}:/usr/bin:/bin"
    subprocess.run(
        [sys.executable, PROTOS / "generate.py", tmp_path],
        check=True,
        env={"PATH": path},
        timeout=120,
    )
    generated = {found.relative_to(tmp_path): found for found in tmp_path.rglob("*_pb2*.py*")}
    assert generated
    stale = [
        str(path)
        for path, found in generated.items()
        if found.read_bytes() != (ROOT / "libs" / path).read_bytes()
    ]
    assert not stale, f"run `make protos`: {stale}"


@pytest.mark.parametrize("arguments", [["lint"], ["format", "--exit-code", "-d"]])
def test_the_contracts_are_clean_by_buf(arguments: list[str]):
    done = subprocess.run(
        [BIN / "buf", *arguments],
        check=False,
        cwd=PROTOS,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
