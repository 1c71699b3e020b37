"""The library's bundled prices: each converts exactly or is on the list; ours cost what its do."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices.data import providers
from genai_prices.types import ModelPrice
from genai_prices.types import Usage as LibraryUsage

from bursar.prices.book import PriceBook
from bursar.prices.costs import cost
from bursar.prices.library_rows import NotConvertible, convert
from bursar.prices.list_prices import prices_of
from bursar.prices.rows import PriceRow
from bursar.prices.usage import Usage

GOLDEN = Path(__file__).parents[2] / "data" / "prices" / "genai_prices.json"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def ns(at):
    return int(at.timestamp()) * 1_000_000_000


NOW_NS = ns(NOW)


@pytest.fixture(scope="module")
def book():
    return PriceBook.load()


def standard_prices():
    """Every price of the library but the terms of variants, which override single prices."""
    for provider in providers:
        for model in provider.models:
            stated = model.prices if isinstance(model.prices, list) else [model]
            for place, entry in enumerate(stated):
                yield f"{provider.id}/{model.id}#{place}", entry.prices


def describe_library():
    not_converted, rounded, other_units, input_only = {}, {}, {}, []
    count = 0
    for name, price in standard_prices():
        count += 1
        try:
            row = convert(price)
        except NotConvertible as reason:
            not_converted.setdefault(str(reason), []).append(name)
            continue
        if row.rounded_price_keys:
            rounded[name] = list(row.rounded_price_keys)
        if row.other_price_keys:
            other_units.setdefault(", ".join(row.other_price_keys), []).append(name)
        if "output_mtok" not in vars(price):
            input_only.append(name)
    return {
        "prices": count,
        "not_converted": not_converted,
        "rounded_up": rounded,
        "not_metered": other_units,
        "input_only": input_only,
    }


def test_every_price_converts_exactly_or_is_listed_with_its_reason(tmp_path):
    found = describe_library()
    new = tmp_path / GOLDEN.name
    new.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert found == json.loads(GOLDEN.read_text()), (
        f"the library's prices changed; look at the difference and copy {new} to {GOLDEN}"
    )


USAGES = [
    Usage(input_tokens=1_000, output_tokens=500),
    Usage(input_tokens=50_000, cached_input_tokens=40_000, output_tokens=1),
    Usage(
        input_tokens=199_999,
        cached_input_tokens=3,
        cache_write_tokens=70_001,
        cache_write_1h_tokens=40_000,
        output_tokens=12_345,
    ),
    Usage(input_tokens=200_000, cached_input_tokens=100_001, output_tokens=7),
    Usage(input_tokens=272_001, cached_input_tokens=11, output_tokens=90_000),
    Usage(input_tokens=900_000, cache_write_tokens=800_000, output_tokens=1_000),
]


def library_usage(usage):
    return LibraryUsage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens + usage.cache_write_1h_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        output_tokens=usage.output_tokens,
    )


def row_of(price):
    converted = convert(price)
    return PriceRow(
        **{name: getattr(converted.rates, name) for name in converted.rates.__slots__},
        provider="",
        model="",
        request_nano_usd=converted.request_nano_usd,
        tiers=converted.tiers,
        price_set="list",
        source="",
        snapshot_hash=b"",
    )


def metered(price):
    """The same without prices for what Bursar does not meter, which our usages do not use."""
    others = set(convert(price).other_price_keys)
    return ModelPrice(**{key: value for key, value in vars(price).items() if key not in others})


def test_every_exact_price_costs_what_the_library_makes_of_it():
    compared = 0
    for name, price in standard_prices():
        try:
            converted = convert(price)
        except NotConvertible:
            continue
        if converted.rounded_price_keys:
            continue
        row, library_price = row_of(price), metered(price)
        for usage in USAGES:
            theirs = library_price.calc_price(library_usage(usage))["total_price"]
            assert Decimal(cost(row, usage).total_pico_usd) / 10**12 == theirs, (name, usage)
        compared += 1
    assert compared > 2_000


def test_variants_convert_too():
    """Prices under special terms, completed by the usual ones, as the library completes them."""
    for provider in providers:
        for model in provider.models:
            for variant in model.price_variants or ():
                price = model.get_prices(NOW, dict(variant.when))
                try:
                    converted = convert(price)
                except NotConvertible:
                    continue
                assert min(vars_of(converted.rates)) >= 0


def vars_of(rates):
    return [getattr(rates, name) for name in rates.__slots__]


@pytest.mark.parametrize(
    ("provider", "model", "input_usd", "output_usd"),
    [
        ("anthropic", "claude-sonnet-4-5-20250929", 3, 15),
        (None, "claude-opus-4-5", 5, 25),
        ("openai", "gpt-4o-2024-08-06", Decimal("2.5"), 10),
        (None, "gpt-5", Decimal("1.25"), 10),
        ("google", "gemini-2.5-pro", Decimal("1.25"), 10),
        ("azure", "gpt-4o", Decimal("2.5"), 10),
        ("ANTHROPIC", "CLAUDE-SONNET-4-5", 3, 15),
    ],
)
def test_a_model_is_found_by_the_librarys_rules(book, provider, model, input_usd, output_usd):
    row = book.find(provider, model, NOW_NS)
    assert row.input_pico_usd_per_token == input_usd * 1_000_000
    assert row.output_pico_usd_per_token == output_usd * 1_000_000
    assert row.price_set == "list"
    assert row.source.startswith("genai-prices ")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("ollama", "llama3"),
        ("local", "smollm2-135m-instruct"),
        ("ollama", "gpt-oss:20b"),
        (None, "smollm2-135m-instruct"),
        ("openai", "no-such-model"),
        ("nobody", "gpt-4o"),
        ("openai", "whisper-1"),
        ("openrouter", "deepseek/deepseek-r1:free"),
        (None, ""),
        ("openai", "gpt-4o" + "x" * 300),
    ],
)
def test_a_price_that_is_not_known_is_none_and_not_zero(book, provider, model):
    assert book.find(provider, model, NOW_NS) is None


def test_a_tier_for_long_contexts_is_part_of_the_row(book):
    row = book.find("anthropic", "claude-sonnet-4-5", NOW_NS)
    assert [tier.above_input_tokens for tier in row.tiers] == [200_000]
    assert row.rates_at(200_001).input_pico_usd_per_token == 6_000_000


def test_terms_of_a_call_change_its_row(book):
    usual = book.find("openai", "gpt-5", NOW_NS)
    dear = book.find("openai", "gpt-5", NOW_NS, {"service_tier": "priority"})
    assert dear.input_pico_usd_per_token == 2 * usual.input_pico_usd_per_token
    assert (usual.variant, dear.variant) == ("", "service_tier=priority")
    assert book.find("openai", "gpt-5", NOW_NS, {"service_tier": "no such"}).variant == ""


def test_a_price_with_a_date_holds_from_it_on(book):
    before = book.find("openai", "o3", ns(datetime(2025, 6, 9, 23, 59, tzinfo=UTC)))
    after = book.find("openai", "o3", ns(datetime(2025, 6, 10, tzinfo=UTC)))
    assert before.input_pico_usd_per_token == 10_000_000
    assert after.input_pico_usd_per_token == 2_000_000
    assert (
        before.effective_until_ns
        == after.effective_from_ns
        == ns(datetime(2025, 6, 10, tzinfo=UTC))
    )


def test_a_price_by_the_hour_holds_in_its_hours(book):
    night = book.find("deepseek", "deepseek-reasoner", ns(datetime(2026, 11, 24, 20, tzinfo=UTC)))
    day = book.find("deepseek", "deepseek-reasoner", ns(datetime(2026, 11, 24, 12, tzinfo=UTC)))
    assert day.input_pico_usd_per_token == 550_000
    assert night.input_pico_usd_per_token < day.input_pico_usd_per_token


def test_a_snapshot_fetched_elsewhere_in_the_process_changes_nothing():
    from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot

    set_custom_snapshot(DataSnapshot(providers=[], from_auto_update=True))
    try:
        assert PriceBook.load().find("openai", "gpt-4o", NOW_NS) is not None
    finally:
        set_custom_snapshot(None)


def test_every_row_carries_the_hash_of_the_whole_and_it_is_the_same_each_time(book):
    again = PriceBook.load()
    assert len(book.snapshot_hash) == 32
    assert again.snapshot_hash == book.snapshot_hash
    assert book.find("openai", "gpt-4o", NOW_NS).snapshot_hash == book.snapshot_hash


def test_names_looked_up_are_remembered_within_a_bound(book):
    for number in range(5_000):
        assert book.find("openai", f"unknown-{number}", NOW_NS) is None
    assert len(book._price_set._names) <= 4_096


def test_every_price_has_a_condition_in_the_canonical_form():
    assert sum(1 for p in providers for m in p.models for _ in prices_of(m)) > 2_640
