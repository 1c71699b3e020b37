"""What is read from logs that real runners wrote; see tests/data/logs/README.md."""

from pathlib import Path

import pytest

from bursar_executor.logs.failing import FailingTest, LogSummary, ReadLog
from bursar_executor.logs.reading import detect, read

LOGS = Path(__file__).parents[2] / "data" / "logs"
T = "tests/test_pricing.py"


def text_of(name: str) -> str:
    return (LOGS / f"{name}.log").read_bytes().decode()


def log(name: str) -> ReadLog:
    found = read(text_of(name))
    assert found is not None
    return found


def by_test(name: str) -> dict[str, FailingTest]:
    return {test.test: test for test in log(name).failing}


KINDS = {
    "pytest": "pytest", "unittest": "unittest", "traceback": "python",
    "jest": "jest", "cargo": "cargo test", "go": "go test",
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(LOGS.glob("*.log")), ids=lambda path: path.stem)
def test_the_runner_is_recognised(path: Path) -> None:
    assert detect(path.read_bytes().decode()) == KINDS[path.stem.partition("-")[0]]


@pytest.mark.parametrize(
    "text", ["", "hello\n", "def test_x():\n    assert True\n", "1 failed\n", "# Title\n---\n"]
)
def test_other_texts_are_no_logs(text: str) -> None:
    assert detect(text) is None
    assert read(text) is None


@pytest.mark.parametrize(
    ("name", "summary"),
    [
        ("pytest-long", LogSummary("pytest", 5, 11, 3, 2, 3990, True)),
        ("pytest-all-passed", LogSummary("pytest", 2, 0, 0, 0, 2520, True)),
        ("pytest-collection-error", LogSummary("pytest", 0, 0, 1, 0, 2950, True)),
        ("unittest", LogSummary("unittest", 1, 4, 1, 1, 2, True)),
        ("unittest-import-error", LogSummary("unittest", 0, 0, 1, 0, 0, True)),
        ("traceback", LogSummary("python", errors=1)),
        ("jest", LogSummary("jest", 2, 4, 1, 1, 3071, True)),
        ("cargo-test", LogSummary("cargo test", 1, 5, 0, 1, 0, True)),
        ("cargo-test-compile-error", LogSummary("cargo test", errors=1)),
        ("go-test-verbose", LogSummary("go test", 2, 5, 0, 1, 7, True)),
    ],
)
def test_the_runners_own_count_is_read(name: str, summary: LogSummary) -> None:
    assert log(name).summary == summary


@pytest.mark.parametrize(
    "name", ["pytest-long", "pytest-short-verbose", "pytest-xdist-coloured", "pytest-line"]
)
def test_pytest_failures_are_the_same_in_every_style(name: str) -> None:
    found = by_test(name)
    assert {test for test in found if T in test} == {
        f"{T}::test_printing",
        f"{T}::test_drawer",
        f"{T}::test_total_of_two_lines",
        f"{T}::test_receipt_text",
        f"{T}::test_stock_is_counted_down",
        f"{T}::test_stock_of_an_unknown_article",
        f"{T}::test_names_in_order",
        f"{T}::test_invoice",
        f"{T}::test_discount[33-666]",
        f"{T}::test_names_with_signs[tea - green]",
        f"{T}::test_names_with_signs[tea [loose]]",
        f"{T}::TestLimits::test_more_than_all_is_refused",
        f"{T}::TestLimits::test_nothing_is_raised",
    }
    total = found[f"{T}::test_total_of_two_lines"]
    assert (total.file, total.line) == (T, 25)
    assert total.error == "AssertionError: assert 1119 == 1120"
    assert total.first_difference == "assert 1119 == 1120"
    in_code = found[f"{T}::test_stock_of_an_unknown_article"]
    assert in_code.file.endswith("pricing.py") and in_code.line == 24
    assert in_code.error == "KeyError: 'jam'"
    assert found[f"{T}::test_printing"].error == "at setup: ConnectionError: no printer at till 3"
    assert found[f"{T}::test_drawer"].error == "at teardown: RuntimeError: drawer is stuck"


@pytest.mark.parametrize(
    ("test", "difference"),
    [
        ("test_receipt_text", "-        11.20 | +        11.19"),
        ("test_stock_is_counted_down", "{'biscuits': 0} != {'biscuits': 1}"),
        ("test_names_in_order", "At index 0 diff: 'tea' != 'biscuits'"),
        ("test_invoice", "currency: 'EUR' != 'GBP'"),
        ("test_discount[33-666]", "assert 670 == 666"),
        (
            "TestLimits::test_more_than_all_is_refused",
            "Expected regex: 'too much' | Actual message: 'percent out of range: 101'",
        ),
        ("TestLimits::test_nothing_is_raised", ""),
    ],
)
def test_the_first_difference_of_each_kind_of_comparison(test: str, difference: str) -> None:
    assert by_test("pytest-long")[f"{T}::{test}"].first_difference == difference


def test_an_item_too_many_is_named() -> None:
    explained = (
        "E     \nE     Right contains one more item: 'Typee'\nE     Full diff:\nE       [\n"
        "E     -     'Typee',\nE       ]\n"
    )
    found = read(f"=== FAILURES ===\n___ test_a ___\nE   assert [] == ['Typee']\n{explained}")
    assert found is not None
    assert found.failing[0].first_difference == "Right contains one more item: 'Typee'"


def test_a_whole_text_that_differs_shows_its_first_differing_line() -> None:
    found = by_test("pytest-very-verbose")[f"{T}::test_receipt_text"]
    assert found.first_difference == "- total        11.20 | + total        11.19"


def test_a_module_that_cannot_be_collected_is_named_with_its_import() -> None:
    expected = ("tests/test_broken.py", "tests/test_broken.py", 1)
    for name in ("pytest-collection-error", "pytest-long"):
        test = log(name).failing[0]
        assert (test.test, test.file, test.line) == expected
        assert test.error == "collecting: ModuleNotFoundError: No module named 'barcode_reader'"


def test_a_summary_without_tracebacks_still_names_tests_and_errors() -> None:
    found = by_test("pytest-quiet-no-traceback")
    assert len(found) == 19
    assert "tests/test_till.py::TillTest::test_discounts (percent=20)" in found
    test = found[f"{T}::test_names_with_signs[tea [loose]]"]
    assert (test.file, test.line) == (T, 0)
    assert found[f"{T}::test_discount[33-666]"].error == "assert 670 == 666"


def test_native_tracebacks_of_pytest_are_read() -> None:
    found = by_test("pytest-native")
    assert found[f"{T}::test_total_of_two_lines"].line == 25
    assert found[f"{T}::test_stock_of_an_unknown_article"].error == "KeyError: 'jam'"


def test_the_excerpt_shows_the_failing_line_and_its_explanation() -> None:
    excerpt = by_test("pytest-long")[f"{T}::test_names_in_order"].excerpt
    assert excerpt.startswith('>       assert [line["name"] for line in BASKET]')
    assert "At index 0 diff" in excerpt


def test_unittest_failures() -> None:
    found = by_test("unittest")
    prefix = "tests.test_till.TillTest"
    assert found[f"{prefix}.test_discounts (percent=20)"].first_difference == "800 != 801"
    assert found[f"{prefix}.test_names"].first_difference == "'tea' != 'coffee'"
    assert found[f"{prefix}.test_receipt"].first_difference == "- ------------------ | + ----"
    error = found[f"{prefix}.test_out_of_range"]
    assert (error.file, error.line) == ("/home/ada/shop/pricing.py", 10)
    assert error.error == "ValueError: percent out of range: 101"
    assert by_test("unittest-import-error")["broken_till"].line == 1


def test_a_bare_traceback_and_the_last_of_a_chain() -> None:
    (plain,) = log("traceback").failing
    assert (plain.file, plain.line) == ("/home/ada/shop/pricing.py", 24)
    assert plain.error == "KeyError: 'tea'"
    (chained,) = log("traceback-chained").failing
    assert (chained.file, chained.line) == ("/home/ada/shop/checkout.py", 10)
    assert chained.error == "RuntimeError: the basket file is damaged"


@pytest.mark.parametrize("name", ["jest", "jest-npm-coloured"])
def test_jest_failures(name: str) -> None:
    found = by_test(name)
    file = "src/pricing.test.js"
    total = found[f"{file} > a basket of two lines > has a total"]
    assert (total.file, total.line) == (file, 14)
    assert total.first_difference == "Expected: 1120 | Received: 1119"
    names = found[f"{file} > a basket of two lines > keeps its names"]
    assert names.first_difference == '-   "cake", | +   "biscuits",'
    thrown = found[f"{file} > discounts > more than all"]
    assert (thrown.file, thrown.line) == ("src/pricing.js", 7)
    assert thrown.error == "RangeError: percent out of range: 101"
    suite = found["src/stock.test.js > Test suite failed to run"]
    assert suite.error == "Cannot find module './stock' from 'src/stock.test.js'"


@pytest.mark.parametrize("name", ["cargo-test", "cargo-test-backtrace"])
def test_cargo_failures(name: str) -> None:
    found = by_test(name)
    total = found["tests::a_total_of_two_lines"]
    assert (total.file, total.line) == ("src/lib.rs", 25)
    assert total.error == "assertion `left == right` failed: tea and biscuits"
    assert total.first_difference == "left: 1119 | right: 1120"
    assert found["tests::a_discount"].line == 31
    assert found["tests::it_should_panic"].error == "test did not panic as expected"
    returned = found["tests::an_error_is_returned"]
    assert returned.error == 'Error: "percent out of range: 102"'


def test_a_crate_that_does_not_compile_names_its_error() -> None:
    (error,) = log("cargo-test-compile-error").failing
    assert (error.test, error.file, error.line) == ("compilation", "src/lib.rs", 17)
    assert error.error == "error[E0432]: unresolved import `super::barcode`"


@pytest.mark.parametrize("name", ["go-test", "go-test-verbose"])
def test_go_failures(name: str) -> None:
    found = by_test(name)
    total = found["example.org/shop.TestTotal"]
    assert (total.file, total.line) == ("pricing_test.go", 15)
    assert total.first_difference == "TotalCents(basket) = 1119, want 1120"
    third = found["example.org/shop.TestDiscounts/a_third"]
    assert third.first_difference == "got:  670 | want: 666"
    panic = found["example.org/shop/till.TestFirstOfNothing"]
    assert (panic.file, panic.line) == ("/home/ada/shop/pricing.go", 26)
    assert panic.error == "panic: runtime error: index out of range [0] with length 0"
    assert "example.org/shop.TestDiscounts" not in found


def test_a_go_package_that_does_not_build_names_its_error() -> None:
    error = log("go-test").failing[0]
    assert error.test == "example.org/shop/broken [build failed]"
    assert (error.file, error.line) == ("broken/broken_test.go", 6)
    assert error.error == "undefined: barcode"


def test_messages_in_the_shape_of_older_versions() -> None:
    rust = read(
        "---- tests::old stdout ----\n"
        "thread 'tests::old' panicked at 'assertion failed: `(left == right)`\n"
        "  left: `1`,\n"
        " right: `2`', src/lib.rs:7:9\n\n"
        "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n"
    )
    assert rust is not None
    assert (rust.failing[0].file, rust.failing[0].line) == ("src/lib.rs", 7)
    assert rust.failing[0].first_difference == "left: `1` | right: `2`"
    python = read("FAIL: test_a (tests.test_x.Case)\n" + "-" * 70 + "\n")
    assert python is not None
    assert python.failing[0].test == "tests.test_x.Case.test_a"
