import os

import pytest

from bursar_executor.clis.running import CliRunner
from bursar_executor.subprocesses.subprocesses import Subprocesses
from installed_clis import PROGRAMS


@pytest.fixture
def runner(monkeypatch):
    """Sees the CLIs that were installed for the tests."""
    if not PROGRAMS.exists():
        pytest.fail(f"{PROGRAMS} is not there: run `make test` or `make test-clients`")
    monkeypatch.setenv("PATH", f"{PROGRAMS}:{os.environ['PATH']}")
    subprocesses = Subprocesses()
    yield CliRunner(subprocesses)
    subprocesses.close()
