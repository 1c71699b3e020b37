"""The user's own prices: what the file may say, and how what it may not say is refused."""

import pytest

from bursar.errors import InvalidRequest
from bursar.prices.book import PriceBook
from bursar.prices.own_file import FILE_BYTES_MAX, own_rows

NOW_NS = 1_795_000_000 * 10**9
MINIMAL = """
prices:
  - model: acme-large
    input_usd_per_million_tokens: {price}
    output_usd_per_million_tokens: 1
"""


@pytest.fixture
def write(tmp_path):
    def write_file(text):
        path = tmp_path / "prices.yaml"
        path.write_text(text)
        return path

    return write_file


def refused(write, text):
    with pytest.raises(InvalidRequest) as caught:
        own_rows(write(text))
    return caught.value


@pytest.mark.parametrize(
    ("written", "pico_usd_per_token"),
    [
        ("0", 0),
        ("3", 3_000_000),
        ("0.25", 250_000),
        ('"0.25"', 250_000),
        ("0.1", 100_000),
        ("0.000001", 1),
        ("010", 10_000_000),
        ("1000000", 10**12),
    ],
)
def test_a_price_is_read_as_it_is_written(write, written, pico_usd_per_token):
    (found,) = own_rows(write(MINIMAL.format(price=written)))
    assert found.row.input_pico_usd_per_token == pico_usd_per_token


@pytest.mark.parametrize(
    "written",
    [
        "-1",
        "0.0000001",
        "1e-3",
        "true",
        "free",
        "[1]",
        "1_000",
        ".5",
        "1000001",
        "nan",
        '""',
        "1:30",
    ],
)
def test_a_price_that_is_no_such_decimal_is_refused_with_what_would_be(write, written):
    (violation,) = refused(write, MINIMAL.format(price=written)).violations
    assert violation.field == "prices[0].input_usd_per_million_tokens"
    assert "USD" in violation.remedy or "0.25" in violation.remedy


def test_every_fault_is_named_at_once(write):
    fault = refused(
        write,
        """
prices:
  - model: acme-large
    input_usd_per_million_tokens: 1
    output_usd_per_million_tokens: cheap
  - provider: acme
    input_usd_per_million_tokens: 1
    output_usd_per_million_tokens: 1
    discount: 10
""",
    )
    assert {v.field: (v.value, v.remedy) for v in fault.violations} == {
        "prices[0].output_usd_per_million_tokens": (
            "cheap",
            "write dollars as a decimal of at most 6 places, such as 0.25",
        ),
        "prices[1].model": ("missing", "give it a value"),
        "prices[1].discount": ("10", "remove it: no such field is known"),
    }
    assert "cheap" in fault.message
    assert "prices.yaml" in fault.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prices: [", "mend it"),
        ("- 1", "valid dictionary"),
        ("prices: 7", "valid tuple"),
        ("prices: [7]", "valid dictionary"),
        ("rates: []", "no such field is known"),
        (MINIMAL.format(price="1") + "    output_usd_per_million_tokens: 2\n", "given twice"),
        (MINIMAL.format(price="1") + "    effective_from: tomorrow\n", "such as 2026-01-31"),
        (MINIMAL.format(price="1") + "    request_usd: 0.0000000001\n", "at most 9 places"),
        (MINIMAL.format(price="1").replace("acme-large", "ac*me"), "only as its last one"),
        (
            MINIMAL.format(price="1")
            + "    long_context:\n      - above_input_tokens: many\n"
            + "        input_usd_per_million_tokens: 1\n        output_usd_per_million_tokens: 1\n",
            "whole number of tokens",
        ),
    ],
)
def test_a_file_of_another_shape_is_refused_with_the_remedy(write, text, words):
    assert words in refused(write, text).message


def test_a_file_that_cannot_be_read_is_named(tmp_path, write):
    with pytest.raises(InvalidRequest, match="No such file"):
        own_rows(tmp_path / "none.yaml")
    with pytest.raises(InvalidRequest, match="UTF-8"):
        path = write("")
        path.write_bytes(b"\xff\xfe")
        own_rows(path)
    with pytest.raises(InvalidRequest, match="keep it below"):
        own_rows(write("#" * (FILE_BYTES_MAX + 1)))


def test_an_empty_file_has_no_prices(write):
    assert own_rows(write("")) == []
    assert own_rows(write("prices: []")) == []


def test_what_is_left_out_follows_the_price_of_input(write):
    text = MINIMAL.format(price="2") + "    cache_write_usd_per_million_tokens: 2.5\n"
    (found,) = own_rows(write(text))
    assert found.row.cached_input_pico_usd_per_token == 2_000_000
    assert found.row.cache_write_pico_usd_per_token == 2_500_000
    assert found.row.cache_write_1h_pico_usd_per_token == 2_500_000


OWN = """
prices:
  - model: smollm2*
    input_usd_per_million_tokens: 0
    output_usd_per_million_tokens: 0
  - model: smollm2-1.7b
    input_usd_per_million_tokens: 0.01
    output_usd_per_million_tokens: 0.02
  - provider: openai
    model: gpt-4o
    input_usd_per_million_tokens: 2
    output_usd_per_million_tokens: 8
  - provider: openai
    model: gpt-4o
    effective_from: 2027-01-01
    input_usd_per_million_tokens: 1
    output_usd_per_million_tokens: 4
"""


@pytest.fixture
def book(write):
    return PriceBook.load(write(OWN))


def test_own_prices_win_over_the_list(book):
    row = book.find("openai", "gpt-4o", NOW_NS)
    assert (row.input_pico_usd_per_token, row.price_set) == (2_000_000, "own")
    assert row.source == "own file prices.yaml"
    assert book.find(None, "GPT-4o", NOW_NS) == row


def test_own_prices_hold_only_for_what_they_name(book):
    assert book.find("azure", "gpt-4o", NOW_NS).price_set == "list"
    assert book.find("openai", "gpt-4o-mini", NOW_NS).price_set == "list"


def test_a_local_model_costs_nothing_when_the_file_says_so(book):
    row = book.find("local", "SmolLM2-135M-Instruct", NOW_NS)
    assert (row.input_pico_usd_per_token, row.output_pico_usd_per_token) == (0, 0)


def test_a_whole_name_wins_over_a_beginning(book):
    assert book.find("local", "smollm2-1.7b", NOW_NS).input_pico_usd_per_token == 10_000


def test_a_dated_price_holds_from_its_day_on(book):
    new_year_ns = 1_798_761_600 * 10**9
    assert book.find("openai", "gpt-4o", new_year_ns - 1).input_pico_usd_per_token == 2_000_000
    row = book.find("openai", "gpt-4o", new_year_ns)
    assert row.input_pico_usd_per_token == 1_000_000
    assert row.effective_from_ns == new_year_ns


def test_own_prices_change_the_hash_of_the_whole(book, write):
    plain = PriceBook.load()
    assert book.snapshot_hash != plain.snapshot_hash
    assert PriceBook.load(write(OWN)).snapshot_hash == book.snapshot_hash
    assert PriceBook.load(write(OWN + "# a remark\n")).snapshot_hash == book.snapshot_hash
    assert PriceBook.load(write(OWN.replace("0.02", "0.03"))).snapshot_hash != book.snapshot_hash
    row = book.find("openai", "gpt-4o", NOW_NS)
    assert row.snapshot_hash == book.snapshot_hash
