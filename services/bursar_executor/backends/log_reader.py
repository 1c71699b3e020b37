"""Reads failing tests out of a log: a parser's work, not a model's."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bursar.errors import InvalidRequest
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.backends.backend import Job, Outcome
from bursar_executor.backends.free_work import FreeWork
from bursar_executor.logs.failing import ReadLog
from bursar_executor.logs.reading import detect, read

BACKEND_ID = "parser/test-log"
# Another one as soon as the same log may be read otherwise.
VERSION = "test-log 1"
THREAD_BYTES_MIN = 64 * 1024
FAILURES_TOLD_MAX = 200


class LogReaderBackend:
    """Offers debugging for tasks whose files are test logs, and for no others."""

    start_allowance_s = 10.0
    is_repeatable = True

    async def version(self, origin: Path | None) -> str:
        return VERSION

    def describe(self) -> planner_pb2.Backend:
        return planner_pb2.Backend(
            backend_id=BACKEND_ID,
            target=ledger_pb2.Target(
                provider="local", model="test-log", tier=ledger_pb2.BACKEND_TIER_LOCAL_TOOL
            ),
            capabilities=["debugging"],
            is_available=True,
        )

    def input_tokens_max(self, output_tokens: int) -> int:
        return 0

    async def prepared(self, job: Job) -> FreeWork:
        return FreeWork(job, self.work)

    async def work(self, job: Job) -> Outcome:
        """What failed, by the logs among the files. Raises InvalidRequest when none is one."""
        logs = []
        for path, content in job.files.items():
            log = await _read(content)
            if log is not None:
                logs.append((path, log))
        if not logs:
            raise InvalidRequest.of("files", ", ".join(job.files), "send the log of a test run")
        failing = [test for _, log in logs for test in log.failing]
        return Outcome(
            summary="; ".join(_summary(path, log) for path, log in logs),
            read_paths=frozenset(path for path, _ in logs),
            failing_tests=tuple(
                executor_pb2.FailingTest(
                    test=test.test,
                    file=test.file,
                    line=test.line,
                    error=test.error,
                    first_difference=test.first_difference,
                )
                for test in failing[:FAILURES_TOLD_MAX]
            ),
        )


async def logs_in(files: dict[str, bytes]) -> dict[str, str]:
    """Which of the files are test logs, and which runner wrote each."""
    if sum(map(len, files.values())) < THREAD_BYTES_MIN:
        return _logs_in(files)
    return await asyncio.to_thread(_logs_in, files)


def _logs_in(files: dict[str, bytes]) -> dict[str, str]:
    found = {path: detect(_text(content)) for path, content in files.items()}
    return {path: kind for path, kind in found.items() if kind is not None}


async def _read(content: bytes) -> ReadLog | None:
    text = _text(content)
    if len(content) < THREAD_BYTES_MIN:
        return read(text)
    return await asyncio.to_thread(read, text)


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _summary(path: str, log: ReadLog) -> str:
    summary = log.summary
    counts = [
        f"{count:,} {word}"
        for count, word in (
            (summary.failed, "failed"),
            (summary.errors, "errors"),
            (summary.passed, "passed"),
            (summary.skipped, "skipped"),
        )
        if count
    ]
    whole = "" if summary.is_complete else " (its end is missing)"
    return f"{path}: {summary.runner}, {', '.join(counts) or 'no test'}{whole}"
