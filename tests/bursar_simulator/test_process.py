"""`python -m bursar_simulator` as its users start it."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(*arguments):
    sources = os.pathsep.join(str(ROOT / name) for name in ("libs", "services"))
    return subprocess.Popen(
        [sys.executable, "-m", "bursar_simulator", *arguments],
        env={**os.environ, "PYTHONPATH": sources},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_says_where_it_is_and_ends_on_sigterm():
    with start("--port", "0") as process:
        told = process.stdout.readline()
        address = told.split()[-1]
        with urllib.request.urlopen(f"{address}/") as response:
            assert b"SIMULATED" in response.read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_setting_that_cannot_be_is_named():
    with start("--port", "99999") as process:
        assert process.wait(20) == 2
        assert "simulator.port" in process.stderr.read()
