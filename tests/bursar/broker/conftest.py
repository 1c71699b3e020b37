"""Processes that own or want a data directory; all of them are gone after a test."""

import os
import sys
from collections.abc import Iterator

import pytest

from instance_processes import OWNER, Running


@pytest.fixture
def running() -> Iterator[Running]:
    running = Running()
    yield running
    running.end()


@pytest.fixture
def owner_command(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command of an owner, for a process that starts it itself."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return OWNER
