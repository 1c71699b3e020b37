"""Test logs are told from other files, and read, whatever their size."""

import pytest

from bursar.errors import InvalidRequest
from bursar_executor.backends.backend import Job
from bursar_executor.backends.log_reader import THREAD_BYTES_MIN, LogReaderBackend, logs_in
from executor_parts import FAILED_LOG

LONG_LOG = b"collecting ...\n" * (THREAD_BYTES_MIN // 10) + FAILED_LOG


def job(**files):
    return Job("why", files, context="", max_output_tokens=1, max_duration_s=5.0)


@pytest.mark.parametrize("log", [FAILED_LOG, LONG_LOG])
async def test_only_logs_are_found_among_the_files(log):
    assert await logs_in({"log": log, "a.py": b"print(1)\n", "x": b"\xff\x00"}) == {"log": "pytest"}


@pytest.mark.parametrize("log", [FAILED_LOG, LONG_LOG])
async def test_what_failed_is_read_from_each_log_and_other_files_are_left_alone(log):
    work = await LogReaderBackend().prepared(job(log=log, notes=b"words"))

    outcome = await work.done()

    assert [test.test for test in outcome.failing_tests] == ["test_cart.py::test_total"]
    assert outcome.read_paths == {"log"}
    assert outcome.summary == "log: pytest, 1 failed, 1 passed"


async def test_without_a_log_it_says_what_to_send():
    work = await LogReaderBackend().prepared(job(notes=b"words"))

    with pytest.raises(InvalidRequest, match="log of a test run"):
        await work.done()
