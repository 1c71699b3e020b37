"""The examples that docs/compression.md shows, as they come out."""

from __future__ import annotations

import json
from collections.abc import Callable

from bursar_compressor import work
from bursar_compressor.domain import Order
from bursar_compressor.registry import Level

REFERENCE = f"blob_5f1c{'0' * 60}"
LINE_CHARS_MAX = 150


def log() -> str:
    lines = [
        f"12:00:{at:02} INFO request {4_000 + 7 * at} from 10.0.0.{at % 4} took {5 + at % 9} ms"
        for at in range(58)
    ]
    lines.append("12:00:58 ERROR request 4411 from 10.0.0.2: no connection left")
    return "\n".join([*lines, "12:00:59 INFO request 4413 from 10.0.0.3 took 9481 ms"])


def data() -> str:
    by = {"login": "ada", "url": "https://host/users/ada"}
    items = [
        {"id": at, "state": "open", "title": f"a title, number {at}", "by": by} for at in range(40)
    ]
    return json.dumps(items, indent=2)


def table() -> str:
    rows = [f"user{at},{'root' if at == 17 else 'ops'},{at % 9}" for at in range(60)]
    return "\n".join(["name,team,used", *rows])


EXAMPLES: dict[str, tuple[Callable[[], str], Level]] = {
    "log, lossless": (log, Level.LOSSLESS),
    "log, safe": (log, Level.SAFE),
    "JSON, plain": (data, Level.PLAIN),
    "JSON, lossless": (data, Level.LOSSLESS),
    "JSON, safe": (data, Level.SAFE),
    "table, safe": (table, Level.SAFE),
}


def shown(name: str) -> str:
    """The example as the page shows it: its tokens, and the text with long lines cut."""
    make, level = EXAMPLES[name]
    order = Order(make(), level=level, reference=REFERENCE)
    done = work.compressed(order, "gpt-4o").compressed
    lines = [
        line if len(line) <= LINE_CHARS_MAX else f"{line[:LINE_CHARS_MAX]}…"
        for line in done.content.split("\n")
    ]
    text = "\n".join(lines)
    return f"{done.tokens_before:,} to {done.tokens_after:,} tokens:\n```\n{text}\n```"
