"""The short summary of a pytest log: full names of tests, and errors as far as they fitted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bursar_executor.logs.pytest_blocks import Block, places_in

SHORT_SUMMARY = "short test summary info"
SHORT = re.compile(r"^(?:FAILED|ERROR|SUBFAIL(?:ED)?(?P<subtest>[(\[].*?[)\]])?) (?P<rest>\S.*)$")
CANDIDATES_MAX = 32  # files that hold a test of the same name


def names_in(parts: Sequence[tuple[str, Sequence[str]]]) -> Names:
    """The short summary; where its heading was cut off, every line that looks like one of its."""
    names = Names()
    summaries = [content for section, content in parts if section == SHORT_SUMMARY]
    for content in summaries or [content for _, content in parts]:
        for line in content:
            if found := SHORT.match(line):
                node_id, error = _split(found["rest"])
                names.add(f"{node_id} {found['subtest']}" if found["subtest"] else node_id, error)
    return names


@dataclass(frozen=True, slots=True)
class Named:
    """A line of the short summary: which test, and as much of its error as fitted."""

    node_id: str
    error: str

    @property
    def file(self) -> str:
        return self.node_id.partition("::")[0]

    @property
    def title(self) -> str:
        """How the heading of a block names it: without its file, with dots."""
        return self.node_id.partition("::")[2].replace("::", ".")


class Names:
    """The short summary. Blocks take their full names from it; what is left has no block."""

    def __init__(self) -> None:
        self._by_title: dict[str, list[Named]] = {}
        self._left: dict[Named, int] = {}

    def add(self, node_id: str, error: str) -> None:
        named = Named(node_id, error)
        if "::" in node_id or node_id.endswith(".py"):
            self._by_title.setdefault(named.title or node_id, []).append(named)
            self._left[named] = self._left.get(named, 0) + 1

    def take(self, block: Block) -> Named | None:
        """The same test in the same file before the same test anywhere; for a block without a
        title, the next.
        """
        if not block.title:
            found = next(iter(self._left), None)
            return self._taken(found) if found else None
        candidates = self._by_title.get(block.title, [])[:CANDIDATES_MAX]
        files = {place.file for place in places_in(block.lines)}
        candidates.sort(key=lambda named: not any(file.endswith(named.file) for file in files))
        return self._taken(candidates[0]) if candidates else None

    def left(self) -> list[Named]:
        return list(self._left)

    def _taken(self, named: Named) -> Named:
        self._by_title[named.title or named.node_id].remove(named)
        self._left[named] -= 1
        if not self._left[named]:
            del self._left[named]
        return named


def _split(rest: str) -> tuple[str, str]:
    """Node id and error. A parameter in brackets may itself hold ` - `."""
    pieces = rest.split(" - ")
    for count in range(1, len(pieces) + 1):
        node_id = " - ".join(pieces[:count])
        if node_id.count("[") == node_id.count("]"):
            return node_id, " - ".join(pieces[count:])
    return pieces[0], " - ".join(pieces[1:])
