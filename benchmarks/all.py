"""Every benchmark, one after the other, and what is not met."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "build" / "bench"


def main() -> None:
    """Exits with 1 when a figure is not met or was not measured."""
    unmet = []
    for name in json.loads((HERE / "reach.json").read_text()):
        print(f"\n== {name}", flush=True)
        subprocess.run([sys.executable, HERE / f"{name}.py"], check=False)
        figures = json.loads((RESULTS / f"{name}.json").read_text())["figures"]
        unmet += [f"{name}: {row['figure']}" for row in figures if not row["met"]]
    print("\nnot met: " + (", ".join(unmet) or "nothing"))
    sys.exit(1 if unmet else 0)


if __name__ == "__main__":
    main()
