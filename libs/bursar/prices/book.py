"""The price book: the user's own prices first, then those of a price set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from bursar.errors import InvalidRequest
from bursar.prices import founding, list_prices
from bursar.prices.patterns import PatternRow, pick
from bursar.prices.rows import PriceRow

PRICE_SETS = (list_prices.PRICE_SET, founding.PRICE_SET)
NO_CONTEXT: Mapping[str, str] = {}
# A longer name is no model's, and names looked up are remembered.
NAME_CHARACTERS_MAX = 256
# Prices change on whole seconds, so what was found holds to the end of its second.
NS_PER_S = 1_000_000_000
FOUND_MAX = 1_024


class PriceSet(Protocol):
    """Where a row comes from that the user has not set."""

    def find(
        self, provider: str | None, model: str, at_ns: int, context: Mapping[str, str]
    ) -> PriceRow | None:
        """The row that holds at `at_ns`, or None."""
        ...


class PriceBook:
    """All prices of one process. Immutable: other prices are another book.

    `snapshot_hash` is the sha256 of the whole in canonical form; every row found carries it.
    """

    def __init__(
        self, price_set: PriceSet, own: Iterable[PatternRow], snapshot_hash: bytes
    ) -> None:
        self._price_set = price_set
        self._own = tuple(own)
        self._found_s = -1
        self._found: dict[tuple[str | None, str], PriceRow | None] = {}
        self.snapshot_hash = snapshot_hash

    @classmethod
    def load(cls, own_file: Path | None = None, price_set: str = "list") -> PriceBook:
        """Reads the user's file, if any, and the price set. Blocking: `list` takes about 0.6 s.

        Raises InvalidRequest, naming field, value and remedy, for a file that is not as documented.
        """
        own = [] if own_file is None else _own_rows(own_file)
        digest = sha256()
        for pattern_row in own:
            digest.update(_canonical(pattern_row) + b"\n")
        match price_set:
            case list_prices.PRICE_SET:
                listed = list_prices.ListPrices.load()
                for line in listed.canonical():
                    digest.update(line + b"\n")
                listed.snapshot_hash = digest.digest()
                chosen: PriceSet = listed
            case founding.PRICE_SET:
                rows = founding.founding_rows()
                for pattern_row in rows:
                    digest.update(_canonical(pattern_row) + b"\n")
                chosen = _Fixed(_hashed(rows, digest.digest()))
            case _:
                raise InvalidRequest.of("price_set", price_set, f"use one of {PRICE_SETS}")
        return cls(chosen, _hashed(own, digest.digest()), digest.digest())

    def find(
        self,
        provider: str | None,
        model: str,
        at_ns: int,
        context: Mapping[str, str] = NO_CONTEXT,
    ) -> PriceRow | None:
        """What `model` costs at `at_ns`; None when that is not known: a cost then is not 0 either.

        Without a provider it is guessed from the model's name. `context` are terms of the call that
        change its price, as `{"service_tier": "priority"}` or `{"processing": "batch"}`.
        """
        if context:
            return self._look_up(provider, model, at_ns, context)
        at_s, name = at_ns // NS_PER_S, (provider, model)
        if at_s != self._found_s or len(self._found) >= FOUND_MAX:
            self._found_s, self._found = at_s, {}
        elif name in self._found:
            return self._found[name]
        found = self._found[name] = self._look_up(provider, model, at_ns, context)
        return found

    def _look_up(
        self, provider: str | None, model: str, at_ns: int, context: Mapping[str, str]
    ) -> PriceRow | None:
        if len(model) > NAME_CHARACTERS_MAX:
            return None
        own = pick(self._own, provider, model, at_ns)
        if own is not None:
            return own
        return self._price_set.find(provider, model, at_ns, context)


class _Fixed:
    """A set of a few rows."""

    def __init__(self, rows: Iterable[PatternRow]) -> None:
        self._rows = tuple(rows)

    def find(
        self, provider: str | None, model: str, at_ns: int, context: Mapping[str, str]
    ) -> PriceRow | None:
        return pick(self._rows, provider, model, at_ns)


def _own_rows(path: Path) -> list[PatternRow]:
    from bursar.prices.own_file import own_rows  # pydantic and yaml, 0.2 s, only with a file

    return own_rows(path)


def _canonical(pattern_row: PatternRow) -> bytes:
    """One row as JSON; the file's name is left out, for it prices nothing."""
    row = asdict(pattern_row.row)
    del row["snapshot_hash"], row["source"]
    line = [pattern_row.provider, pattern_row.model, row]
    return json.dumps(line, separators=(",", ":")).encode()


def _hashed(rows: Iterable[PatternRow], snapshot_hash: bytes) -> list[PatternRow]:
    return [replace(r, row=replace(r.row, snapshot_hash=snapshot_hash)) for r in rows]
