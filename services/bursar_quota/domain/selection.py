"""Finds the limits that match a call, at a cost that grows with the kinds of selectors in use.

Limits that select on the same axes stand on one shelf, found there by their values on those axes:
a call looks once at each shelf, however many limits it holds. Selectors with labels stand apart,
under the name of their first label, so that a call looks only at those it has a label of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic, TypeVar

from bursar.eventlog.tentative import Undo
from bursar_quota.domain.calls import Attribution, AxisValues, Target, axis_values
from bursar_quota.domain.limits import Selector

Entry = TypeVar("Entry")
Key = tuple[object, ...]

Shape = tuple[tuple[int, ...], tuple[str, ...]]  # places in AXES, and names of labels


@dataclass(frozen=True, slots=True)
class Shelf(Generic[Entry]):
    """The limits of one shape: by their values, then by their id."""

    values_of: Callable[[AxisValues], object]
    label_names: tuple[str, ...]
    entries: dict[Key, dict[str, Entry]]


@dataclass(slots=True)
class Shelves(Generic[Entry]):
    """All shelves: the plain ones by shape, those with labels by first label name and shape."""

    plain: dict[Shape, Shelf[Entry]] = field(default_factory=dict)
    labelled: dict[str, dict[Shape, Shelf[Entry]]] = field(default_factory=dict)

    def matching(self, attribution: Attribution, target: Target) -> tuple[Entry, ...]:
        """The entries whose selector the call satisfies."""
        values = axis_values(attribution, target)
        entries = self._on_plain_shelves(values)
        if self.labelled and attribution.labels:
            return (*entries, *self._on_labelled_shelves(values, attribution))
        return tuple(entries)

    def file(self, selector: Selector, limit_id: str, entry: Entry, undo: Undo) -> None:
        """Puts the entry in its place, for the one that had its id there before, if any."""
        shape = _shape(selector)
        shelves = self.plain
        if shape[1]:
            shelves = self._labelled_shelves(shape[1][0], undo)
        shelf = shelves.get(shape)
        if shelf is None:
            shelf = Shelf(_values_getter(shape[0]), shape[1], {})
            undo.put(shelves, shape, shelf)
        key = _selector_key(shelf, selector)
        entries = shelf.entries.get(key)
        if entries is None:
            entries = {}
            undo.put(shelf.entries, key, entries)
        undo.put(entries, limit_id, entry)

    def remove(self, selector: Selector, limit_id: str, undo: Undo) -> None:
        """Takes the entry away, and what is empty without it."""
        shape = _shape(selector)
        shelves = self.labelled[shape[1][0]] if shape[1] else self.plain
        shelf = shelves[shape]
        key = _selector_key(shelf, selector)
        undo.drop(shelf.entries[key], limit_id)
        if not shelf.entries[key]:
            undo.drop(shelf.entries, key)
        if not shelf.entries:
            undo.drop(shelves, shape)
        if shape[1] and not shelves:
            undo.drop(self.labelled, shape[1][0])

    def _on_plain_shelves(self, values: AxisValues) -> Iterator[Entry]:
        for shelf in self.plain.values():
            yield from shelf.entries.get((shelf.values_of(values),), {}).values()

    def _on_labelled_shelves(self, values: AxisValues, attribution: Attribution) -> Iterator[Entry]:
        labels = dict(attribution.labels)
        for name in labels:
            for shelf in self.labelled.get(name, {}).values():
                label_values = (labels.get(wanted) for wanted in shelf.label_names)
                key = (shelf.values_of(values), *label_values)
                yield from shelf.entries.get(key, {}).values()

    def _labelled_shelves(self, name: str, undo: Undo) -> dict[Shape, Shelf[Entry]]:
        shelves = self.labelled.get(name)
        if shelves is None:
            shelves = {}
            undo.put(self.labelled, name, shelves)
        return shelves


def _shape(selector: Selector) -> Shape:
    places = tuple(place for place, value in enumerate(selector.axis_values()) if value)
    return places, tuple(name for name, _ in selector.labels)


def _values_getter(places: tuple[int, ...]) -> Callable[[AxisValues], object]:
    return itemgetter(*places) if places else _nothing


def _nothing(values: AxisValues) -> object:
    return ()


def _selector_key(shelf: Shelf[Entry], selector: Selector) -> Key:
    return (shelf.values_of(selector.axis_values()), *(value for _, value in selector.labels))
