"""Instants as people type them."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from bursar.errors import InvalidRequest

NS_PER_S = 1_000_000_000
_AGO = re.compile(r"(\d{1,6})([mhdw])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def instant_ns(text: str, option: str = "--since") -> int:
    """Nanoseconds since 1970 UTC of `7d` ago, or of an ISO 8601 date or time (UTC without a
    zone). `option` is what an error names.
    """
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return time.time_ns() - int(ago[1]) * _SECONDS[ago[2]] * NS_PER_S
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidRequest.of(option, text, "write 7d, 24h or 2026-11-01") from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp()) * NS_PER_S
