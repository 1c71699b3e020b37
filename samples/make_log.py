"""Makes test-run.log: writes a long suite for the bookshop, runs it with pytest, keeps what it says.

    .venv/bin/python samples/make_log.py

The shop's faults are real, so are the failures. Nothing of the machine is kept: the suite stands in
a directory of its own, whose name becomes `bookshop`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent

CATALOGUE = '''\
import pytest

from catalogue import Book, load, oldest, parse_line, price_in_cents


@pytest.mark.parametrize("cents", range(900))
def test_a_price_is_read_in_cents(cents):
    assert price_in_cents(f"{{cents // 100}}.{{cents % 100:02}}") == cents


@pytest.mark.parametrize("text", ["", "-3", "free", "12.345", "1 2"])
def test_what_is_no_price_is_refused(text):
    with pytest.raises(ValueError):
        price_in_cents(text)


def test_a_line_becomes_a_book():
    assert parse_line("Moby-Dick | Melville | 1851 | 12.50 | salt-stained") == Book(
        "Moby-Dick", "Melville", 1851, 1250, "salt-stained"
    )


def test_a_line_with_a_misspelt_price_is_reported():
    with pytest.raises(ValueError, match="not a price"):
        parse_line("Typee | Melville | 1846 | 9.5O")


def test_no_book_is_lost_on_the_way_in():
    lines = ["# fiction", "Moby-Dick | Melville | 1851 | 12.50", "Typee | Melville | 1846 | 9.5O"]
    print(f"{{len(lines)}} lines typed, of which one is a heading")
    assert [book.title for book in load(lines)] == ["Moby-Dick", "Typee"]


def test_the_oldest_book():
    assert oldest([Book("b", "B", 1900, 1), Book("a", "A", 1800, 1)]).title == "a"
'''

TILL = '''\
import pytest

from catalogue import Book
from till import add, discount_percent, receipt, tax_cents, total_cents

MOBY_DICK = Book("Moby-Dick", "Melville", 1851, 1250)


@pytest.mark.parametrize("count", range(400))
def test_a_total_is_the_sum_of_its_books(count):
    assert total_cents([MOBY_DICK] * count) == 1250 * count


@pytest.mark.parametrize("books", range(200))
def test_a_discount_never_shrinks(books):
    assert discount_percent(books) <= discount_percent(books + 1)


@pytest.mark.parametrize(
    "total, tax", [(0, 0), (107, 7), (1070, 70), (1119, 73), (1250, 82), (9999, 654), (2500, 164)]
)
def test_tax_is_rounded_to_the_nearest_cent(total, tax):
    assert tax_cents(total) == tax


@pytest.mark.parametrize("customer", ["Ada", "Grace"])
def test_each_customer_has_a_basket_of_her_own(customer):
    assert add(MOBY_DICK) == [MOBY_DICK]


def test_a_receipt_ends_with_the_tax():
    assert receipt([MOBY_DICK]).splitlines() == [
        "Moby-Dick                          12.50",
        "----------------------------------------",
        "total                              12.50",
        "of which tax                        0.82",
    ]
'''

SHELVES = '''\
import pytest

from shelves import CAPACITY, find, free_places, place, sorted_labels


@pytest.fixture
def floor_plan():
    with open("floor-plan-2027.csv") as plan:
        return plan.read()


@pytest.mark.parametrize("number", range(500))
def test_a_book_that_was_placed_is_found(number):
    shelves = {{f"A{{shelf}}": [] for shelf in range(10, 99)}}
    for other in range(number % 12):
        place(f"book {{other}}", shelves)
    label = place("wanted", shelves)
    assert find("Wanted", shelves) == (label, number % 12 + 1)


@pytest.mark.parametrize("last", [3, 9, 10, 12])
def test_labels_are_sorted_as_one_walks(last):
    walk = [f"K{{number}}" for number in range(1, last + 1)]
    assert sorted_labels(list(reversed(walk))) == walk


def test_a_full_shelf_takes_no_more():
    shelves = {{"A1": ["x"] * CAPACITY, "A2": []}}
    assert place("one more", shelves) == "A2"


def test_a_full_house_has_no_place_left():
    assert free_places({{"A1": ["x"] * CAPACITY}}) == 0


def test_every_shelf_is_in_the_plan(floor_plan):
    assert "K9" in floor_plan
'''

MEMBERS = '''\
from datetime import date

import pytest

from members import days_left, greeting, is_valid, renewal

DAYS = {days!r}


@pytest.mark.parametrize("day", DAYS)
def test_a_card_ends_on_the_same_day_of_the_next_year(day):
    bought = date.fromisoformat(day)
    ends = renewal(bought)
    assert (ends.year, ends.month) == (bought.year + 1, bought.month)


@pytest.mark.parametrize("hour", range(24))
def test_everybody_is_greeted(hour):
    assert greeting("Ishmael", hour)


@pytest.mark.parametrize("day", range(1, 29))
def test_a_card_is_valid_on_the_day_it_was_bought(day):
    assert is_valid(date(2026, 2, day), date(2026, 2, day))
    assert days_left(date(2026, 2, day), date(2026, 2, day)) == 365
'''

POST = '''\
import pytest

from post import RATES, label, parcel_cents, stamp_cents, weight_grams


@pytest.mark.parametrize("pages", range(600))
def test_a_thicker_book_is_never_lighter(pages):
    assert weight_grams(pages) <= weight_grams(pages + 1)


@pytest.mark.parametrize("grams, cents", RATES)
def test_a_parcel_at_the_limit_still_has_the_lower_rate(grams, cents):
    assert stamp_cents(grams) == cents


def test_a_parcel_that_is_too_heavy_is_sent_in_two():
    with pytest.raises(RuntimeError, match="two parcels"):
        parcel_cents([(2000, True), (1, False)])


def test_abroad_is_dearer():
    assert parcel_cents([(100, False)], "Norway") == 345


def test_a_label_names_the_country_only_abroad():
    assert label("Ishmael", "1 Pier", "Nantucket") == "Ishmael\\n1 Pier\\nNantucket"
'''


def main() -> None:
    """Write, run, keep."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        write_suite(root)
        said = subprocess.run(
            [
                sys.executable, "-m", "pytest", "-v", "--durations=5", "--color=no",
                "-p", "no:cacheprovider", "-o", "pythonpath=shop", "tests",
            ],
            cwd=root,
            env={
                "PATH": os.environ["PATH"],
                "COLUMNS": "100",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
    text = said.stdout.replace(str(root), "bookshop").replace(sys.executable, "python")
    (HERE / "test-run.log").write_text(text, encoding="utf-8")
    print(f"{len(text.splitlines())} lines, exit {said.returncode}: {text.splitlines()[-1]}")


def write_suite(root: Path) -> None:
    """The shop as it stands here, and tests for each of its files."""
    shutil.copytree(HERE / "shop", root / "shop")
    (root / "tests").mkdir()
    days = [str(date(2027, 7, 1) + timedelta(days=count)) for count in range(366)]
    suite = {
        "catalogue": CATALOGUE, "till": TILL, "shelves": SHELVES, "members": MEMBERS, "post": POST,
    }  # fmt: skip
    for name, text in suite.items():
        (root / "tests" / f"test_{name}.py").write_text(text.format(days=days), encoding="utf-8")


if __name__ == "__main__":
    main()
