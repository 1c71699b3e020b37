"""Which capabilities a task needs, where its caller did not say: read from its words and its
inputs.

A small table and no model; words that fit no row leave the need open, and the plan then looks for
anyone who can read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

DEBUGGING, CODE_REVIEW = "debugging", "code_review"
# Whole words, in the order in which capabilities are listed.
WORDS_BY_CAPABILITY: dict[str, frozenset[str]] = {
    "linting": frozenset({"lint", "linting", "linter", "tidy", "clean", "cleanup"}),
    "formatting": frozenset({"format", "formatting", "formatter", "tidy", "style"}),
    CODE_REVIEW: frozenset({"review"}),
    "refactoring": frozenset({"refactor", "refactoring", "restructure"}),
    DEBUGGING: frozenset({"debug", DEBUGGING, "fail", "failed", "failing", "fails", "crash"}),
    "documentation": frozenset({"document", "documentation", "docstring", "docstrings"}),
    "code_generation": frozenset({"implement", "generate", "write", "add"}),
}
_WORD = re.compile(r"[a-z]+")


def inferred_capabilities(description: str, logs_by_path: Mapping[str, str]) -> tuple[str, ...]:
    """Capabilities in table order, perhaps none.

    `logs_by_path` names the inputs that are test logs and who wrote them: with one among them, a
    task with words of failure, or with no other wish than to look, is debugging and nothing else.
    """
    words = set(_WORD.findall(description.lower()))
    found = [name for name, known in WORDS_BY_CAPABILITY.items() if words & known]
    if logs_by_path and (DEBUGGING in found or set(found) <= {CODE_REVIEW}):
        return (DEBUGGING,)
    return tuple(found)
