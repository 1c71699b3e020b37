"""What a provider says of its own limits in the headers of an answer.

Sources: docs.anthropic.com "Rate limits" (`anthropic-ratelimit-<meter>-<field>`, resets in RFC
3339), platform.openai.com "Rate limits" (`x-ratelimit-<field>-<meter>`, resets as in `6m0s`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from bursar.events.v1 import tasks_pb2

ANTHROPIC_METERS = ("requests", "tokens", "input-tokens", "output-tokens")
OPENAI_METERS = ("requests", "tokens")
NS_PER_S = 1_000_000_000
_NS_BY_UNIT = {"ms": 1_000_000, "s": NS_PER_S, "m": 60 * NS_PER_S, "h": 3600 * NS_PER_S}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def provider_limits(headers: Mapping[str, str], now_ns: int) -> list[tasks_pb2.ProviderLimit]:
    """One for each meter that the headers tell of; what cannot be read is left out."""
    return [*_anthropic(headers), *_openai(headers, now_ns)]


def _anthropic(headers: Mapping[str, str]) -> Iterator[tasks_pb2.ProviderLimit]:
    for meter in ANTHROPIC_METERS:
        prefix = f"anthropic-ratelimit-{meter}"
        limit, remaining = headers.get(f"{prefix}-limit"), headers.get(f"{prefix}-remaining")
        if limit is not None and remaining is not None and limit.isdigit() and remaining.isdigit():
            resets_at_ns = _instant_ns(headers.get(f"{prefix}-reset", ""))
            yield _limit(meter, limit, remaining, resets_at_ns)


def _openai(headers: Mapping[str, str], now_ns: int) -> Iterator[tasks_pb2.ProviderLimit]:
    for meter in OPENAI_METERS:
        limit = headers.get(f"x-ratelimit-limit-{meter}")
        remaining = headers.get(f"x-ratelimit-remaining-{meter}")
        if limit is not None and remaining is not None and limit.isdigit() and remaining.isdigit():
            left_ns = _duration_ns(headers.get(f"x-ratelimit-reset-{meter}", ""))
            yield _limit(meter, limit, remaining, now_ns + left_ns if left_ns else 0)


def _limit(meter: str, limit: str, remaining: str, resets_at_ns: int) -> tasks_pb2.ProviderLimit:
    return tasks_pb2.ProviderLimit(
        meter=meter.replace("-", "_"),
        limit=int(limit),
        remaining=int(remaining),
        resets_at_ns=resets_at_ns,
    )


def _instant_ns(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp()) * NS_PER_S
    except ValueError:
        return 0


def _duration_ns(text: str) -> int:
    return sum(int(float(number) * _NS_BY_UNIT[unit]) for number, unit in _DURATION.findall(text))
