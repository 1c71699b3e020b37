"""JSON as nodes of which no two are alike: what is repeated in it is one node used twice.

A string is a str, a number a tuple of its text, so that nothing of it is lost, and true, false and
null are themselves; objects and arrays are nodes. Nodes are equal when they are the same.
"""

from __future__ import annotations

import json
from typing import TypeAlias


class Unreadable(Exception):
    """The text is not what it is to be read as; says why."""


class Node:
    """An object, or an array, which has no keys. `values` are in order."""

    __slots__ = ("keys", "values")

    def __init__(self, keys: tuple[str, ...] | None, values: tuple[Value, ...]) -> None:
        self.keys = keys
        self.values = values


Number: TypeAlias = tuple[str]
Value: TypeAlias = "str | Number | bool | Node | None"


class Nodes:
    """Makes nodes. Each is made after those that it holds; `every` has them in that order."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[str, ...] | None, tuple[Value, ...]], Node] = {}

    @property
    def every(self) -> list[Node]:
        """All that were made."""
        return list(self._known.values())

    def node(self, keys: tuple[str, ...] | None, values: tuple[Value, ...]) -> Node:
        """The one with these keys and values."""
        found = self._known.get((keys, values))
        if found is None:
            found = self._known[keys, values] = Node(keys, values)
        return found

    def read(self, text: str) -> Value:
        """What the JSON says. Raises Unreadable for what is none, or has a key twice."""
        try:
            return self._value(
                json.loads(
                    text,
                    parse_int=_number,
                    parse_float=_number,
                    parse_constant=_no_number,
                    object_pairs_hook=self._object,
                )
            )
        except ValueError as cause:
            raise Unreadable("no JSON") from cause
        except RecursionError as cause:
            raise Unreadable("nested too deeply to be read as JSON") from cause

    def _object(self, pairs: list[tuple[str, object]]) -> Node:
        if not pairs:
            return self.node((), ())
        keys, values = zip(*pairs, strict=True)
        if len(set(keys)) < len(keys):
            raise Unreadable("an object has a key twice")
        if list in map(type, values):
            values = tuple([self._value(value) for value in values])
        return self.node(keys, values)

    def _value(self, value: object) -> Value:
        if type(value) is list:
            if list in map(type, value):
                return self.node(None, tuple([self._value(item) for item in value]))
            return self.node(None, tuple(value))
        return value  # type: ignore[return-value]  # what the hooks make of the rest


def _number(text: str) -> Number:
    return (text,)


def _no_number(text: str) -> Number:
    raise Unreadable(f"{text} is no JSON number")
