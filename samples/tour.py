"""The main job on this folder's files, as anyone would type it: what `make run` shows.

Each line that begins with `$` is the command; what follows is what it prints. The tour ends with an
error when a command ends otherwise than it should.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent
DEMONSTRATION_MODEL = "smollm2-135m-instruct"
DONE, UNAVAILABLE = 0, 4


@dataclass(frozen=True, slots=True)
class Stop:
    """One command of the tour. `ends_with` are the exit codes that are right for it."""

    why: str
    arguments: tuple[str, ...]
    ends_with: tuple[int, ...] = (DONE,)


def stops() -> list[Stop]:
    """The tour, in order."""
    sources = tuple(sorted(str(path.relative_to(Path.cwd())) for path in SAMPLES.glob("shop/*.py")))
    log = str((SAMPLES / "test-run.log").relative_to(Path.cwd()))
    return [
        Stop("Local tools first: nothing is paid for what a linter can do.",
             ("run", "tidy these files", *sources)),
        Stop("Failing tests are read from a log by a parser.",
             ("run", "why did this fail", log)),
        Stop("A real model on this machine, for demonstration: planned, held, settled.",
             ("run", "Say hello to a new colleague.", "--model", DEMONSTRATION_MODEL)),
        Stop("What nobody here can do is said, with the remedy, and costs nothing.",
             ("run", "write docstrings for this module", sources[0]),
             (DONE, UNAVAILABLE)),
        Stop("Who spent what, and what it saved: from the log.", ("report", "--by", "tier")),
    ]  # fmt: skip


def main() -> None:
    """Runs every stop; exits with 1 when one ended otherwise than it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", default=".bursar")
    data_dir = parser.parse_args().data_dir
    unexpected = 0
    for stop in stops():
        shown = " ".join(f'"{word}"' if " " in word else word for word in stop.arguments)
        print(f"\n# {stop.why}\n$ bursar {shown}", flush=True)
        command = [sys.executable, "-m", "bursar_all", *stop.arguments, "--data-dir", data_dir]
        code = subprocess.run(command, check=False).returncode
        if code not in stop.ends_with:
            unexpected += 1
            print(f"ended with {code}, not with {stop.ends_with}", file=sys.stderr)
    sys.exit(1 if unexpected else 0)


if __name__ == "__main__":
    main()
