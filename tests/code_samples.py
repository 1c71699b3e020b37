"""One small file of each language, and what shows that two texts are the same code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from bursar_compressor.code.tree import CodeTree

DIRECTORY = Path(__file__).parent / "data" / "code"
LANGUAGES = {
    "python": "sample.py",
    "typescript": "sample.ts",
    "javascript": "sample.js",
    "go": "sample.go",
    "rust": "sample.rs",
    "java": "sample.java",
    "c": "sample.c",
    "cpp": "sample.cpp",
    "csharp": "sample.cs",
    "ruby": "sample.rb",
    "php": "sample.php",
    "kotlin": "sample.kt",
    "swift": "sample.swift",
    "bash": "sample.sh",
    "sql": "sample.sql",
}


def sample(language: str) -> str:
    return (DIRECTORY / LANGUAGES[language]).read_text()


def leaves(code: CodeTree) -> list[tuple[str, bytes]]:
    """Every token that is no part of a comment, with its kind: found by walking, node by node."""
    return list(_leaves(code.tree.root_node, code.source))


def _leaves(node: Node, source: bytes) -> Iterator[tuple[str, bytes]]:
    if "comment" in node.type or node.type == "marginalia":
        return
    if not node.child_count:
        token = source[node.start_byte : node.end_byte].strip()
        if token:
            yield node.type, token
    for child in node.children:
        yield from _leaves(child, source)
