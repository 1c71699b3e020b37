"""What the executor and the runner tell each other: one order in, one report out."""

from __future__ import annotations

from typing import TypedDict


class Order(TypedDict):
    """What to run. Durations in ns; limits are pairs of an RLIMIT number and its value."""

    program: str
    argv: list[str]
    environment: dict[str, str]
    cwd: str
    timeout_ns: int
    grace_ns: int
    limits: list[tuple[int, int]]
    cut_network: bool


class Report(TypedDict):
    """What happened. `failed_stage` is empty unless the command could not be started.

    The peak is that of the largest process of the tree, in bytes. `swept_processes` counts what the
    command had left behind.
    """

    failed_stage: str
    failed_errno: int
    wait_status: int
    timed_out: bool
    swept_processes: int
    network_isolated: bool
    wall_ns: int
    cpu_ns: int
    peak_memory_bytes: int
