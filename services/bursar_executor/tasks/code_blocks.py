"""Code that stands in an answer, as files that a tool can look at."""

from __future__ import annotations

import re

# What a language is called after the fence, and how its files end.
SUFFIXES = {
    "python": ".py",
    "py": ".py",
    "bash": ".sh",
    "sh": ".sh",
    "shell": ".sh",
    "javascript": ".js",
    "js": ".js",
    "typescript": ".ts",
    "ts": ".ts",
    "go": ".go",
    "rust": ".rs",
}
BLOCKS_MAX = 64
_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)


def blocks_of(text: str) -> dict[str, bytes]:
    """Fenced blocks of languages that are known, by names of their own; at most 64."""
    named = ((SUFFIXES.get(found[1].lower()), found[2]) for found in _BLOCK.finditer(text))
    known = [(suffix, code) for suffix, code in named if suffix is not None][:BLOCKS_MAX]
    return {
        f"block_{number}{suffix}": code.encode()
        for number, (suffix, code) in enumerate(known, start=1)
    }
