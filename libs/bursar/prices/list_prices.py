"""List prices: those bundled with the genai-prices package, and never an update of them.

The library finds the model by its own rules (a name's beginning, a fallback to another provider's
price); what it finds is converted to whole numbers. Which of a model's prices holds at a time is
the library's rule too: the last one whose condition is met.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, TypeAlias

from bursar.prices.library_rows import LibraryRow, NotConvertible, convert
from bursar.prices.rows import PriceRow
from bursar.recently_used import RecentlyUsed

if TYPE_CHECKING:
    from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, Provider

PRICE_SET = "list"
FOUND_MAX = 4_096
NANOSECONDS_PER_SECOND = 1_000_000_000
Context: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What a name was found to mean."""

    provider: Provider
    model: ModelInfo


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that means nothing here, or a price that cannot be expressed: remembered too."""


class ListPrices:
    """The bundled prices, found by provider and model. Names looked up are kept, FOUND_MAX of them.

    `snapshot_hash` is what every row of these prices carries.
    """

    def __init__(self, providers: list[Provider], units: Mapping[str, str], source: str) -> None:
        self._providers = providers
        self._units = units
        self._names: RecentlyUsed[tuple[str | None, str], Named | Unknown] = RecentlyUsed(FOUND_MAX)
        self._rows: RecentlyUsed[tuple[str, int], PriceRow | Unknown] = RecentlyUsed(FOUND_MAX)
        self._source = source
        self.snapshot_hash = b""

    @classmethod
    def load(cls) -> ListPrices:
        """Imports the library, 0.4 s the first time, and takes its bundled prices.

        They are read from the package's data, so that a snapshot which another part of the process
        may have fetched by the library's own means changes nothing here.
        """
        from importlib.metadata import version

        from genai_prices.data import providers
        from genai_prices.data_units import unit_data

        units = {str(unit["price_key"]): usage_key for usage_key, unit in unit_data.items()}
        return cls(providers, units, f"genai-prices {version('genai-prices')}")

    def canonical(self) -> Iterator[bytes]:
        """Every price and its condition, one JSON line each, in the library's order."""
        yield self._source.encode()
        for provider in self._providers:
            for model in provider.models:
                for condition, price in prices_of(model):
                    stated = {k: str(v) for k, v in vars(price).items() if v is not None}
                    line = [provider.id, model.id, condition, stated]
                    yield json.dumps(line, separators=(",", ":")).encode()

    def find(
        self, provider: str | None, model: str, at_ns: int, context: Mapping[str, str]
    ) -> PriceRow | None:
        """The row that holds at `at_ns`; None when the library has none that can be expressed."""
        named = self._names.get((provider, model))
        if named is None:
            named = self._names.put((provider, model), self._search(provider, model.lower()))
        if isinstance(named, Unknown):
            return None
        at = datetime.fromtimestamp(at_ns // NANOSECONDS_PER_SECOND, tz=UTC)
        standard = named.model.get_prices(at)
        if context and any(named.model is own for own in named.provider.models):
            # Terms are rare and may depend on the time, so their rows are not kept.
            price = named.model.get_prices(at, context)
            return self._row(named, price, standard, tuple(sorted(context.items())))
        key = (named.provider.id, id(standard))
        row = self._rows.get(key)
        if row is None:
            row = self._rows.put(key, self._row(named, standard, standard, ()) or Unknown())
        return None if isinstance(row, Unknown) else row

    def _search(self, provider: str | None, model: str) -> Named | Unknown:
        """As the library's snapshot searches, but without its memory, which has no bound."""
        from genai_prices.data_snapshot import find_provider_by_id

        if provider is not None:
            found = find_provider_by_id(self._providers, provider)
        else:
            matching = (
                p for p in self._providers if p.model_match and p.model_match.is_match(model)
            )
            found = next(matching, None)
        if found is None:
            return Unknown()
        model_info = found.find_model(model, all_providers=self._providers)
        return Unknown() if model_info is None else Named(found, model_info)

    def _row(
        self,
        named: Named,
        price: ModelPrice,
        standard: ModelPrice,
        terms: Context,
    ) -> PriceRow | None:
        try:
            converted = convert(price)
        except NotConvertible:
            return None
        from_ns, until_ns = effective_ns(named.model, standard)
        is_special = price != standard
        return PriceRow(
            **asdict(converted.rates),
            provider=named.provider.id,
            model=named.model.id,
            request_nano_usd=converted.request_nano_usd,
            tiers=converted.tiers,
            price_set=PRICE_SET,
            source=self._source,
            snapshot_hash=self.snapshot_hash,
            variant=",".join(f"{k}={v}" for k, v in terms) if is_special else "",
            effective_from_ns=from_ns,
            effective_until_ns=until_ns,
            unpriced_units=unpriced_units(converted, self._units),
        )


def prices_of(model: ModelInfo) -> Iterator[tuple[str, ModelPrice]]:
    """Every price of a model with the condition that it holds under, empty for none."""
    conditional = model.prices
    if not isinstance(conditional, list):
        yield "", conditional
    else:
        for entry in conditional:
            yield str(entry.constraint or ""), entry.prices
    for variant in model.price_variants or ():
        yield f"{sorted(variant.when.items())}{variant.constraint or ''}", variant.prices


def unpriced_units(row: LibraryRow, units: Mapping[str, str]) -> tuple[str, ...]:
    """What the model bills besides, by the library's name of the usage."""
    return tuple(units.get(key, key) for key in row.other_price_keys)


def effective_ns(model: ModelInfo, price: ModelPrice) -> tuple[int | None, int | None]:
    """From when and until when a price holds, as far as the library dates it."""
    conditional = model.prices
    if not isinstance(conditional, list):
        return None, None
    place = next(i for i, entry in enumerate(conditional) if entry.prices is price)
    starts = [start_ns(entry) for entry in conditional]
    own_ns = starts[place]
    later = [s for s in starts[place + 1 :] if s is not None and (own_ns is None or s > own_ns)]
    return own_ns, min(later, default=None)


def start_ns(entry: ConditionalPrice) -> int | None:
    """The start of a price that a date introduces; None for others."""
    start_date = getattr(entry.constraint, "start_date", None)
    if start_date is None:
        return None
    midnight = datetime.combine(start_date, time(0), tzinfo=UTC)
    return int(midnight.timestamp()) * NANOSECONDS_PER_SECOND
