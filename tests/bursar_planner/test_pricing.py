"""Expected costs come from the price book, at plain rates."""

from bursar.prices.book import PriceBook
from bursar.tokens.texts import count_text
from bursar_planner.domain.backends import Target
from bursar_planner.domain.vocabulary import Tier
from bursar_planner.pricing import NoPrices, Pricing

CLAUDE = Target("anthropic", "claude-3-opus", Tier.PAID_API)
NOBODY = Target("nobody", "claude-3-opus", Tier.PAID_API)


def founding_book():
    return PriceBook.load(price_set="founding-2024")


async def test_the_founding_prices_price_a_plan():
    prices = await Pricing(founding_book).at(0)
    # $15 a million tokens in, $75 out.
    assert prices.hold_cost_nano_usd(CLAUDE, 1_000, 0) == 15_000_000
    assert prices.hold_cost_nano_usd(CLAUDE, 0, 1_000) == 75_000_000
    assert prices.hold_cost_nano_usd(CLAUDE, 1_000, 1_000) == 90_000_000


async def test_a_provider_without_prices_has_no_cost_and_is_not_guessed_from_the_model():
    prices = await Pricing(founding_book).at(0)
    assert prices.hold_cost_nano_usd(NOBODY, 1, 1) is None
    assert NoPrices().hold_cost_nano_usd(CLAUDE, 1, 1) is None


async def test_the_book_is_loaded_once():
    loaded = []

    def load():
        loaded.append(founding_book())
        return loaded[-1]

    pricing = Pricing(load)
    assert (await pricing.at(1)).book is (await pricing.at(2)).book
    assert len(loaded) == 1


async def test_a_description_is_counted_alike_in_a_thread_and_here():
    pricing = Pricing(founding_book)
    expected = count_text("Mend the tests", "gpt-4o").tokens
    assert [await pricing.tokens_of("Mend the tests", "gpt-4o") for _ in range(2)] == [expected] * 2
    long = "word " * 10_000
    assert await pricing.tokens_of(long, "gpt-4o") == count_text(long, "gpt-4o").tokens
