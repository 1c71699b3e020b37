"""The wheel holds everything: with the locked packages it is all that a fresh environment needs."""

import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SOURCE_ROOTS = (ROOT / "libs", ROOT / "services")
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache"}
BUILD_TIMEOUT_S = 120
READY_TIMEOUT_S = 30


def run(*command: object) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place)
    (found,) = place.glob("bursar-*.whl")
    return found


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """A virtual environment with the locked packages and the wheel, by their hashes alone."""
    place = tmp_path_factory.mktemp("fresh") / "venv"
    run(BIN / "uv", "venv", "-q", "--python", sys.executable, place)
    install = (BIN / "uv", "pip", "install", "-q", "--python", place / "bin" / "python")
    run(*install, "--require-hashes", "-r", ROOT / "requirements" / "run.lock")
    run(*install, "--no-deps", wheel)
    return place


def source_files() -> set[str]:
    return {
        str(path.relative_to(root))
        for root in SOURCE_ROOTS
        for path in root.rglob("*")
        if path.is_file() and CACHES.isdisjoint(path.parts)
    }


def test_everything_below_the_source_roots_is_in_the_wheel(wheel):
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == source_files()
    assert "bursar/tokens/vocabularies/o200k_base.tiktoken" in packed
    assert "bursar/quota/v1/quota_pb2.pyi" in packed
    assert "bursar/py.typed" in packed


def test_the_licence_and_the_command_come_with_it(wheel):
    archive = zipfile.ZipFile(wheel)
    names = {name.partition(".dist-info/")[2] for name in archive.namelist()}
    assert {"licenses/LICENSE", "licenses/NOTICE", "entry_points.txt"} <= names


def test_a_fresh_environment_shows_help_and_runs_everything(environment, tmp_path):
    bursar = environment / "bin" / "bursar"
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    shown = subprocess.run(
        [bursar, "--help"],
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=READY_TIMEOUT_S,
        check=True,
    ).stdout
    assert "Do a task" in shown
    process = subprocess.Popen(
        [bursar, "up", "--data-dir", tmp_path / "data"],
        env=variables,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        edge = process.stdout.readline().split()[2].rstrip(",")
        with urllib.request.urlopen(f"{edge}/healthz", timeout=READY_TIMEOUT_S) as answer:
            assert answer.read() == b"ok\n"
    finally:
        process.terminate()
        assert process.wait(READY_TIMEOUT_S) == 0
