import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_executor.logs.failing import FAILING_TESTS_MAX
from bursar_executor.logs.reading import READERS, read
from bursar_executor.logs.text import plain_lines

LOGS = Path(__file__).parents[2] / "data" / "logs"
PATHS = sorted(LOGS.glob("*.log"))
# A log of 10 MB takes about a second alone on a slow core; a quadratic reader takes minutes.
READING_S_MAX = 20.0


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_line_ends_of_windows_and_timestamps_of_a_ci_service_change_nothing(path: Path) -> None:
    text = path.read_bytes().decode()
    stamped = "\r\n".join(f"2026-11-24T10:00:00.1234567Z {line}" for line in text.split("\n"))
    assert read(stamped) == read(text)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_log_cut_anywhere_is_read_as_far_as_it_goes(path: Path) -> None:
    text = path.read_bytes().decode()
    whole = read(text)
    assert whole is not None
    for cut in range(0, len(text), max(1, len(text) // 40)):
        for part in (text[:cut], text[cut:]):
            found = read(part)
            assert found is None or len(found.failing) <= 2 * len(whole.failing) + 2


def test_a_verbose_log_cut_before_its_tracebacks_names_the_failed_tests() -> None:
    text = (LOGS / "pytest-xdist-coloured.log").read_bytes().decode()
    plain = "\n".join(plain_lines(text))
    found = read(plain[: plain.index("= ERRORS =")])
    assert found is not None
    assert "tests/test_pricing.py::test_names_with_signs[tea - green]" in {
        test.test for test in found.failing
    }
    assert not found.summary.is_complete
    assert found.summary.failed == len(found.failing) == 13


def test_what_a_test_printed_is_not_taken_for_a_failure() -> None:
    text = (LOGS / "pytest-long.log").read_bytes().decode()
    printed = "asking for jam\nERROR other.py::test_of_theirs - no\nE   ValueError: printed\n"
    assert read(text.replace("asking for jam\n", printed)) == read(text)


def test_a_progress_line_that_was_overwritten_keeps_its_last_state() -> None:
    assert plain_lines("\x1b[31m10%\r50%\r100%\x1b[0m\r\nend") == ["100%", "end"]


@pytest.mark.parametrize(
    "name", ["pytest-short-verbose", "unittest", "traceback", "jest", "cargo-test", "go-test"]
)
def test_ten_megabytes_are_read_in_bounded_time(name: str) -> None:
    text = (LOGS / f"{name}.log").read_bytes().decode()
    text *= 10_000_000 // len(text)
    started = time.perf_counter()
    found = read(text)
    assert time.perf_counter() - started < READING_S_MAX
    assert found is not None
    assert len(found.failing) <= FAILING_TESTS_MAX


def test_a_single_line_of_ten_megabytes_is_read_in_bounded_time() -> None:
    started = time.perf_counter()
    for line in ("_" * 10_000_000, "FAIL " + "a.js " * 2_000_000, "= FAILURES " * 1_000_000):
        read(f"=== FAILURES ===\n{line}\n")
        read(f"  ● x\n{line}\n")
    assert time.perf_counter() - started < READING_S_MAX


PIECES = st.sampled_from(
    [line for path in PATHS for line in path.read_bytes().decode().splitlines()[:60]]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=40)), max_size=60))
def test_no_mixture_of_lines_breaks_any_reader(lines: list[str]) -> None:
    plain = plain_lines("\n".join(lines))
    for _, reader in READERS.values():
        found = reader(plain)
        assert all(test.line >= 0 for test in found.failing)
