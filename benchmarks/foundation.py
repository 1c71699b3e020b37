"""The figures of the foundation: first run, start, whole tasks, the log, the edge, and rest.

    python benchmarks/foundation.py [--without-first-run]

A first run clones this checkout's HEAD into an empty folder and runs `make run` there, downloads
included. Every figure is the median of three runs, but for the first run, which is one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import contract
import edge
import edge_peers
import eventlog
import psutil
import tasks

RUNS = 3
IDLE_S = 15.0
READY_TIMEOUT_S = 60.0
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Prints the table; exits with 1 when a figure is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-first-run", action="store_true")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    if not arguments.without_first_run:
        figures |= runs_of_a_clone()
    figures |= {"help_s": contract.median_of(RUNS, help_s)}
    figures |= rest()
    figures |= tasks.measure()
    figures |= eventlog.measure()
    figures |= edge.measure()
    print("other gateways, for information (python benchmarks/edge_peers.py):")
    edge_peers.show()
    sys.exit(0 if contract.write("foundation", figures) else 1)


def runs_of_a_clone() -> dict[str, float]:
    """`make run` in a fresh clone; again with the cache emptied; again as it is."""
    with tempfile.TemporaryDirectory(prefix="bursar-clone-") as directory:
        clone = Path(directory) / "bursar"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        # Nothing of an earlier installation on this machine may help the first run.
        os.environ["UV_CACHE_DIR"] = str(Path(directory) / "uv-cache")
        os.environ["PIP_NO_CACHE_DIR"] = "1"
        first_s = timed_make_run(clone)
        uncached, cached = [], []
        for _ in range(RUNS):
            end_instance(clone / ".bursar")
            shutil.rmtree(clone / ".bursar")
            uncached.append(timed_make_run(clone))
            cached.append(timed_make_run(clone))
        end_instance(clone / ".bursar")
    return {
        "first_run_s": first_s,
        "second_run_uncached_s": sorted(uncached)[RUNS // 2],
        "second_run_s": sorted(cached)[RUNS // 2],
    }


def timed_make_run(clone: Path) -> float:
    """Seconds from the command to its end."""
    began_s = time.perf_counter()
    subprocess.run(["make", "run"], cwd=clone, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began_s


def end_instance(data_dir: Path) -> None:
    """Ends the instance that a run left for the next one, and waits until it is gone."""
    try:
        process = psutil.Process(json.loads((data_dir / "instance.json").read_text())["pid"])
        process.terminate()
        process.wait(30)
    except (FileNotFoundError, psutil.NoSuchProcess):
        return


def help_s() -> float:
    """Seconds of `bursar --help`, as a whole process."""
    began_s = time.perf_counter()
    command = [sys.executable, "-m", "bursar_all", "--help"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - began_s


@contextmanager
def instance() -> Iterator[tuple[subprocess.Popen[str], float]]:
    """`bursar up` on an empty data directory, and the seconds until it said that it is ready."""
    with tempfile.TemporaryDirectory(prefix="bursar-bench-") as directory:
        command = [sys.executable, "-m", "bursar_all", "up", "--data-dir", directory]
        began_s = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("ready"):
                raise SystemExit(f"bursar up did not become ready: {line!r}")
            yield process, time.perf_counter() - began_s
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(READY_TIMEOUT_S)


def rest() -> dict[str, float]:
    """Seconds to readiness; then memory and CPU of all its processes while nobody asks."""
    ready, memory, cpu = [], [], []
    for _ in range(RUNS):
        with instance() as (process, ready_s):
            ready.append(ready_s)
            tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(True)]
            before_s = sum(cpu_s(member) for member in tree)
            time.sleep(IDLE_S)
            cpu.append((sum(cpu_s(member) for member in tree) - before_s) / IDLE_S * 100)
            memory.append(sum(member.memory_full_info().pss for member in tree) / 1e6)
    middle = RUNS // 2
    return {
        "ready_s": sorted(ready)[middle],
        "idle_memory_mb": sorted(memory)[middle],
        "idle_cpu_pct": sorted(cpu)[middle],
    }


def cpu_s(process: psutil.Process) -> float:
    """User and system time so far."""
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
