"""JSON in which what is repeated stands once: values that occur twice, and the keys of objects that
have the same.

Level lossless: the same data, keys in their order, numbers as they were written. The coded form is
itself JSON; it is read back and compared before it is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from json.encoder import encode_basestring as quoted
from typing import NamedTuple, TypeVar

from bursar_compressor.json_data.nodes import Node, Nodes, Unreadable, Value
from bursar_compressor.markers import CODED
from bursar_compressor.rewriting import Options, Rewritten, unchanged

METHOD = "json_once"
CHARS_A_TOKEN = 3.5
REFERENCE_TOKENS = 3
_WORDS = {None: "null", True: "true", False: "false"}
_LEGEND = (
    f"{CODED}JSON. Below stand shapes, shared values and the data. [0,a,b] is an array of a and b;"
    " [n] shared value n, the first being 1; [n,a,b] an object with the keys of shape n, the first"
    " being 1, and the values a and b; in a shape {key:value} is a key whose value is always that.]"
)


Item = TypeVar("Item")


class Shape(NamedTuple):
    """The keys of objects alike; those whose value is always the same, with it."""

    number: int
    keys: tuple[str, ...]
    same: dict[int, Value]


def rewrite(content: str, _: Options) -> Rewritten:
    """The coded form, if it says exactly what this text says."""
    nodes = Nodes()
    try:
        root = nodes.read(content)
        if not isinstance(root, Node):
            return unchanged(content)
        coded = _Writer(nodes, root).coded()
        if decoded(coded, nodes) is not root:
            return unchanged(content, "not used: it does not read back as it was")
    except Unreadable as error:
        return unchanged(content, f"left as it is: {error}")
    return Rewritten(coded, "values and keys that occur more than once")


def decoded(coded: str, nodes: Nodes) -> Value:
    """What the coded form says. Raises Unreadable."""
    whole = nodes.read(coded.partition("\n")[2])
    if not isinstance(whole, Node) or len(whole.values) != 3:
        raise Unreadable("no coded JSON")
    shapes, shared, data = whole.values
    return _Reader(nodes, shapes, shared).value(data)


class _Writer:
    """Knows what occurs how often, and so what is to be written once."""

    def __init__(self, nodes: Nodes, root: Node) -> None:
        every = nodes.every
        self._root = root
        self._shapes = _shapes(every)
        self._shared = _shared(every, self._shapes)

    def coded(self) -> str:
        """The legend, and under it the JSON."""
        shapes = ",".join([self._shape(shape) for shape in self._shapes.values()])
        shared = ",\n".join(
            [
                quoted(value) if isinstance(value, str) else self._body(value)
                for value in self._shared
            ]
        )
        return f"{_LEGEND}\n[[{shapes}],\n[{shared}],\n{self._body(self._root)}]"

    def _shape(self, shape: Shape) -> str:
        fields = [
            f"{{{quoted(key)}:{self._text(shape.same[place])}}}"
            if place in shape.same
            else quoted(key)
            for place, key in enumerate(shape.keys)
        ]
        return f"[{','.join(fields)}]"

    def _text(self, value: Value) -> str:
        if isinstance(value, tuple):
            return value[0]
        if value is None or isinstance(value, bool):
            return _WORDS[value]
        number = self._shared.get(value)
        if number is not None:
            return f"[{number}]"
        return quoted(value) if isinstance(value, str) else self._body(value)

    def _body(self, node: Node) -> str:
        texts = map(self._text, node.values)
        if node.keys is None:
            return f"[0,{','.join(texts)}]" if node.values else "[]"
        shape = self._shapes.get(node.keys)
        if shape is None:
            pairs = zip(map(quoted, node.keys), texts, strict=True)
            return f"{{{','.join([f'{key}:{text}' for key, text in pairs])}}}"
        own = [
            self._text(value) for place, value in enumerate(node.values) if place not in shape.same
        ]
        return f"[{shape.number},{','.join(own)}]"


class _Reader:
    """Makes the data again, of the same nodes where they are alike."""

    def __init__(self, nodes: Nodes, shapes: Value, shared: Value) -> None:
        self._nodes = nodes
        self._shapes = [_shape_of(_items(shape)) for shape in _items(shapes)]
        self._shared = _items(shared)
        self._known: dict[Node, Value] = {}

    def value(self, value: Value) -> Value:
        """What it stands for."""
        if not isinstance(value, Node):
            return value
        if value not in self._known:
            self._known[value] = self._made(value)
        return self._known[value]

    def _made(self, node: Node) -> Value:
        if node.keys is not None or not node.values:
            return self._nodes.node(node.keys, tuple(map(self.value, node.values)))
        number, own = _number_of(node.values[0]), node.values[1:]
        if number and not own:
            return self.value(_at(self._shared, number))
        values = list(map(self.value, own))
        if not number:
            return self._nodes.node(None, tuple(values))
        shape = _at(self._shapes, number)
        for place, same in shape.same.items():
            values.insert(place, self.value(same))
        return self._nodes.node(shape.keys, tuple(values))


def _shape_of(fields: tuple[Value, ...]) -> Shape:
    keys: list[str] = []
    same: dict[int, Value] = {}
    for place, field in enumerate(fields):
        if isinstance(field, Node) and field.keys:
            keys.append(field.keys[0])
            same[place] = field.values[0]
        elif isinstance(field, str):
            keys.append(field)
        else:
            raise Unreadable("no shape")
    return Shape(0, tuple(keys), same)


def _items(value: Value) -> tuple[Value, ...]:
    if not isinstance(value, Node):
        raise Unreadable("no list")
    return value.values


def _number_of(value: Value) -> int:
    if not isinstance(value, tuple) or not value[0].isdecimal():
        raise Unreadable("no number of a shape or of a shared value")
    return int(value[0])


def _at(items: Sequence[Item], number: int) -> Item:
    if number > len(items):
        raise Unreadable(f"there is no number {number}")
    return items[number - 1]


def _shapes(every: list[Node]) -> dict[tuple[str, ...], Shape]:
    """Of the keys that cost fewer tokens when they are written once."""
    alike: dict[tuple[str, ...], list[tuple[Value, ...]]] = {}
    for node in every:
        if node.keys:
            alike.setdefault(node.keys, []).append(node.values)
    shapes: dict[tuple[str, ...], Shape] = {}
    for keys, rows in alike.items():
        tokens = sum(map(_string_tokens, keys))
        if len(rows) * tokens <= tokens + REFERENCE_TOKENS * len(rows):
            continue
        columns = zip(*rows, strict=True)
        same = {place: column[0] for place, column in enumerate(columns) if len(set(column)) == 1}
        shapes[keys] = Shape(len(shapes) + 1, keys, same)
    return shapes


def _shared(every: list[Node], shapes: dict[tuple[str, ...], Shape]) -> dict[str | Node, int]:
    """The values that cost fewer tokens when they are written once, each with its number."""
    times = Counter(chain.from_iterable([node.values for node in every]))
    rows = Counter([node.keys for node in every])
    for shape in shapes.values():
        for value in shape.same.values():
            times[value] -= rows[shape.keys] - 1
    shared: dict[str | Node, int] = {}
    tokens: dict[Value, float] = {}
    for node in every:
        for value in node.values:
            if type(value) is str and value not in tokens:
                tokens[value] = _string_tokens(value)
                _share(value, times[value], tokens, shared)
        known = shapes.get(node.keys) if node.keys else None
        same = known.same if known else {}
        tokens[node] = 2.0 + sum(
            [
                1 + tokens.get(value, 2.0)
                for place, value in enumerate(node.values)
                if place not in same
            ]
        )
        if node.keys and not known:
            tokens[node] += sum(map(_string_tokens, node.keys))
        _share(node, times[node], tokens, shared)
    return shared


def _share(
    value: str | Node, times: int, tokens: dict[Value, float], shared: dict[str | Node, int]
) -> None:
    """Gives it a number if that pays; its tokens are then those of the number."""
    if (times - 1) * tokens[value] > (times + 1) * REFERENCE_TOKENS:
        shared[value] = len(shared) + 1
        tokens[value] = REFERENCE_TOKENS


def _string_tokens(text: str) -> float:
    """About how many tokens it takes, its quotes among them."""
    return 1 + len(text) / CHARS_A_TOKEN
