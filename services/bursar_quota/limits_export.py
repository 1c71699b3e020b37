"""Limits as the YAML that `limits_file` reads: applied elsewhere, it gives the same limits."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from bursar.quota.v1 import quota_pb2
from bursar_quota.limit_rows import row_of

_NO_WRAPPING = 10_000  # columns: a limit stays on one line


def limits_yaml(limits: Iterable[quota_pb2.Limit]) -> str:
    """The whole file, a limit a line, in the order of their ids."""
    ordered = sorted(limits, key=lambda limit: limit.limit_id)
    if not ordered:
        return "limits: []\n"
    return "limits:\n" + "".join(f"  - {limit_line(limit)}\n" for limit in ordered)


def limit_line(limit: quota_pb2.Limit) -> str:
    """One limit as a YAML mapping on one line; what is as it would be anyway is left out."""
    row = row_of(limit).model_dump(exclude_defaults=True)
    return yaml.safe_dump(
        row, default_flow_style=True, sort_keys=False, allow_unicode=True, width=_NO_WRAPPING
    ).strip()
