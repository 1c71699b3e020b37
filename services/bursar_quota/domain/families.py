"""Model families: a model's name without provider, version and date."""

from __future__ import annotations

import re
from functools import lru_cache

NAMES_MAX = 4096  # that are remembered

_DATE = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2}|\d{2}-\d{2}|\d{4})$")
_TAG = re.compile(r"(?:-latest|:[\w.-]+)$")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*")


@lru_cache(maxsize=NAMES_MAX)
def family_of(model: str) -> str:
    """For ever: histories are replayed by it. Empty for no model.

    `claude-3-5-sonnet-20241022` and `claude-sonnet-4-5` are both of `claude-sonnet`; a name that
    is nothing but a version is its own family.
    """
    name = model.lower().rpartition("/")[2]
    name = _DATE.sub("", _TAG.sub("", name))
    parts = [part for part in name.split("-") if part and not _VERSION.fullmatch(part)]
    return "-".join(parts) or name
