"""CPU time of a process, finer than the kernel's clock ticks."""

from __future__ import annotations

from pathlib import Path

import psutil

NS_PER_S = 1_000_000_000


def cpu_s(pid: int) -> float:
    """Seconds on a CPU of all threads that live, user and system: in nanoseconds where the kernel
    counts them (Linux' schedstat), else in ticks.
    """
    try:
        spent_ns = [
            int((task / "schedstat").read_text().split()[0])
            for task in Path(f"/proc/{pid}/task").iterdir()
        ]
    except (OSError, IndexError):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return sum(spent_ns) / NS_PER_S
