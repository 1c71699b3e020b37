"""What a benchmark leaves behind: a table for people and `build/bench/NAME.json` for machines."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "bench"
REACH = Path(__file__).with_name("reach.json")


def median_of(runs: int, measure: Callable[[], float]) -> float:
    """The median of `runs` measurements, one after the other."""
    return statistics.median(measure() for _ in range(runs))


def write(name: str, figures: Mapping[str, float]) -> bool:
    """Prints and writes the figures of one benchmark; true when all that were measured are met.

    Figures that have a reach but were not measured are shown as missing, never left out.
    """
    rows = []
    for row in json.loads(REACH.read_text())[name]:
        value = figures.get(row["figure"])
        rows.append({**row, "value": value, "met": value is not None and is_met(row, value)})
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {"name": name, "machine": machine(), "figures": rows}
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{'figure':<30}{'value':>14}  {'reach':>14}  met")
    for row in rows:
        value = "missing" if row["value"] is None else f"{row['value']:,.3f}"
        sign = "<=" if row["better"] == "lower" else ">="
        met = "yes" if row["met"] else "NO"
        print(f"{row['figure']:<30}{value:>14}  {sign} {row['reach']:>11,}  {met}")
    return all(row["met"] for row in rows)


def is_met(row: Mapping[str, object], value: float) -> bool:
    """Whether a value is on the right side of its reach."""
    reach = float(str(row["reach"]))
    return value <= reach if row["better"] == "lower" else value >= reach


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "system": platform.system(),
        "load_1m": os.getloadavg()[0],
    }
