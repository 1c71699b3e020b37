"""A text and its syntax tree.

Trees are compared as text, which the parser's library writes much faster than Python could walk
them; but it does so by recursion, and would end the process on a tree too deep for its stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bursar_compressor.code.grammar import Grammar, without_comment_nodes

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

DEPTH_MAX = 4_000  # half a megabyte of stack; the least a thread has anywhere


class Marks(NamedTuple):
    """Places as begin and end."""

    comments: list[tuple[int, int]]
    texts: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class CodeTree:
    """`source` is the text in UTF-8, to which all places refer."""

    source: bytes
    grammar: Grammar
    tree: Tree

    @property
    def is_faultless(self) -> bool:
        return not self.tree.root_node.has_error

    def shape(self) -> str:
        """The tree as text, without its comments. Equal shapes over equal tokens are equal trees.

        Only of a tree that is not too deep.
        """
        return without_comment_nodes(str(self.tree.root_node))

    def is_too_deep(self) -> bool:
        """Whether some node may have more than DEPTH_MAX above it.

        Below a node of that depth's half stand as many nodes in a row, all at least that deep: a
        look at every so many nodes finds one.
        """
        step = DEPTH_MAX // 2
        cursor = self.tree.walk()
        for index in range(0, self.tree.root_node.descendant_count, step):
            cursor.goto_descendant(index)
            if cursor.depth >= step:
                return True
        return False

    def marks(self) -> Marks:
        """Where comments and texts over several lines stand, in the order of the source."""
        from tree_sitter import QueryCursor

        found = QueryCursor(self.grammar.marks).captures(self.tree.root_node)
        comments = sorted((node.start_byte, node.end_byte) for node in found.get("comment", []))
        texts = sorted((node.start_byte, node.end_byte) for node in found.get("text", []))
        return Marks(
            comments=[(begin, without_line_end(self.source, end)) for begin, end in comments],
            texts=[
                (begin, end) for begin, end in texts if self.source.find(b"\n", begin, end) >= 0
            ],
        )

    def functions(self) -> Iterator[tuple[Node, Node]]:
        """Each function and its body, the outer before the inner."""
        from tree_sitter import QueryCursor

        if self.grammar.bodies is None:
            return
        matches = QueryCursor(self.grammar.bodies).matches(self.tree.root_node)
        found = [(named["function"][0], named["body"][0]) for _, named in matches]
        yield from sorted(found, key=lambda pair: (pair[1].start_byte, -pair[1].end_byte))


def parse(source: bytes, grammar: Grammar) -> CodeTree:
    """Never fails: a text with faults gives a tree that says so."""
    from tree_sitter import Parser

    return CodeTree(source, grammar, Parser(grammar.language).parse(source))


def without_line_end(source: bytes, end: int) -> int:
    """Some grammars count the line's end to the comment, or its carriage return to a body."""
    while source[end - 1] in b"\r\n":
        end -= 1
    return end
