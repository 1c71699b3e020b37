"""State that can be taken back: what a frame changed, until the log has it.

A journal of (mapping, key, previous value); docs/decisions/tentative-state.md says why it is not an
immutable map.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, Final, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class _Absent:
    __slots__ = ()


_ABSENT: Final = _Absent()


class Undo:
    """Every change of a state goes through here, so that it can be rewound exactly.

    State is made of mappings: a counter is a value in one, a set is a mapping to None. What is not
    a mapping (a heap, say) is changed by hand and its inverse given to `on_rewind`. After a rewind
    mappings are equal to what they were; a key that was dropped and came back stands last, so no
    rule and no digest may depend on the order of keys.
    """

    __slots__ = ("_changes",)

    takes_back = True  # False where what is done is durable already

    def __init__(self) -> None:
        # Any: the journal holds mappings of every type; `put` and `drop` keep each change typed.
        self._changes: list[tuple[MutableMapping[Any, Any] | None, Any, Any]] = []

    def put(self, mapping: MutableMapping[Key, Value], key: Key, value: Value) -> None:
        """mapping[key] = value."""
        self._changes.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value

    def drop(self, mapping: MutableMapping[Key, Value], key: Key) -> None:
        """del mapping[key]; nothing when it is not there."""
        previous = mapping.pop(key, _ABSENT)
        if previous is not _ABSENT:
            self._changes.append((mapping, key, previous))

    def on_rewind(self, inverse: Callable[..., None], *arguments: object) -> None:
        """`inverse(*arguments)` takes back a change that was made by hand."""
        self._changes.append((None, arguments, inverse))

    def mark(self) -> int:
        """A place in the journal to rewind to."""
        return len(self._changes)

    def rewind(self, mark: int = 0) -> None:
        """Takes back everything since `mark`, the last change first."""
        changes = self._changes
        while len(changes) > mark:
            mapping, key, previous = changes.pop()
            if mapping is None:
                previous(*key)
            elif previous is _ABSENT:
                del mapping[key]
            else:
                mapping[key] = previous

    def forget(self) -> None:
        """What was changed is durable: it can no longer be taken back."""
        self._changes.clear()


class Untracked(Undo):
    """For replay, where nothing is taken back: changes are made and not remembered."""

    __slots__ = ()

    takes_back = False

    def put(self, mapping: MutableMapping[Key, Value], key: Key, value: Value) -> None:
        mapping[key] = value

    def drop(self, mapping: MutableMapping[Key, Value], key: Key) -> None:
        mapping.pop(key, None)

    def on_rewind(self, inverse: Callable[..., None], *arguments: object) -> None:
        pass
