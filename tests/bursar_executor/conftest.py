from collections.abc import Iterator

import pytest

from bursar_executor.subprocesses.subprocesses import Subprocesses


@pytest.fixture
def subprocesses() -> Iterator[Subprocesses]:
    started = Subprocesses()
    yield started
    started.close()
