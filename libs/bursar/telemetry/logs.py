"""Logs for people or as one JSON object a line, each with the trace it belongs to."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from bursar.telemetry import context as trace_context

LogFormat = Literal["human", "json"]


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        context = trace_context.current()
        line: dict[str, str | int] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if context is not None:
            line["trace_id"] = context.trace_hex
            line["span_id"] = context.span_id.hex()
        if record.exc_info is not None and record.exc_info[0] is not None:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _HumanLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        context = trace_context.current()
        trace = f" trace={context.trace_hex}" if context is not None else ""
        return super().format(record) + trace


def configure(log_format: LogFormat = "human", level: str = "INFO") -> None:
    """Sends the log of this process to standard error, once; calling again changes format and
    level.
    """
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(
        _JsonLines()
        if log_format == "json"
        else _HumanLines("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(level)
