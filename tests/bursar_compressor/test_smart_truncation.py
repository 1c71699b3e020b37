"""A text is cut to its target at places where a reader would cut it, and says what went."""

from __future__ import annotations

import re

import pytest

from bursar.errors import InvalidRequest
from bursar.tokens.texts import count_text
from bursar_compressor.detection import Kind
from bursar_compressor.smart_truncation import Cut, truncate

REFERENCE = f"blob_{'0123456789abcdef' * 4}"
SUBJECTS = [
    "quota",
    "cache",
    "ledger",
    "planner",
    "broker",
    "edge",
    "report",
    "limit",
    "price",
    "budget",
]
PROSE = " ".join(
    f"The {SUBJECTS[number % 9]} number {number} keeps what the {SUBJECTS[number * 7 % 9]} gave."
    for number in range(600)
)
LOG = "\n".join(
    f"2026-07-01 12:{number // 60:02}:{number % 60:02} INFO request {number} took {number} ms"
    for number in range(1_000)
)
CODE = "\n\n".join(
    f"def step_{number}(value):\n    total = value + {number}\n    return total * {number}"
    for number in range(200)
)


def count(text: str) -> int:
    return count_text(text, "gpt-4o").tokens


def parts(shortened: str) -> tuple[str, str, str]:
    """Head, what stands for the middle, and tail."""
    head, _, rest = shortened.partition("[bursar: ")
    middle, end, tail = rest.rpartition("[bursar: end of the extract]\n")
    if not end:
        middle, _, tail = rest.partition("]\n")
    return head, middle, tail


@pytest.mark.parametrize(
    ("text", "kind"), [(PROSE, Kind.PROSE), (LOG, Kind.LOG), (CODE, Kind.CODE)]
)
def test_head_and_tail_take_two_fifths_of_the_target_each(text, kind):
    shortened = truncate(text, Cut(kind, 1_000, REFERENCE), count)
    head, middle, tail = parts(shortened)

    assert 900 <= count(shortened) <= 1_000
    assert 300 <= count(head) <= 400 + 1
    assert 300 <= count(tail) <= 400 + 1
    assert count(middle) <= 1_000 - count(head) - count(tail)
    assert text.startswith(head.rstrip("\n"))
    assert text.endswith(tail)


def test_prose_is_cut_between_sentences():
    head, middle, tail = parts(truncate(PROSE, Cut(Kind.PROSE, 600, REFERENCE), count))

    assert head.rstrip().endswith(".")
    assert tail.startswith("The ")
    for sentence in middle.split("\n")[1:-1]:
        assert sentence.startswith("The ")
        assert sentence.endswith(".")


def test_a_log_is_cut_between_lines():
    head, _, tail = parts(truncate(LOG, Cut(Kind.LOG, 600, REFERENCE), count))

    assert set((head + tail).split("\n")) <= {*LOG.split("\n"), ""}


def test_code_is_cut_between_definitions_and_its_middle_is_a_list_of_them():
    head, middle, tail = parts(truncate(CODE, Cut(Kind.CODE, 600, REFERENCE), count))

    assert head.rstrip().split("\n")[-1].startswith("    return")
    assert tail.startswith("def ")
    assert all(line.startswith("def ") for line in middle.strip().split("\n")[1:])


def test_json_is_cut_between_items():
    text = "[" + ",".join(f'{{"id":{number},"name":"n{number}"}}' for number in range(900)) + "]"
    head, _, tail = parts(truncate(text, Cut(Kind.JSON, 600, REFERENCE), count))

    assert head.rstrip().endswith("},")
    assert tail.startswith('{"id"')


def test_the_marker_says_how_much_of_which_lines_went_and_where_the_whole_is():
    shortened = truncate(LOG, Cut(Kind.LOG, 600, REFERENCE), count)
    marker = re.search(
        r"\[bursar: (\d+) tokens of lines (\d+)-(\d+) are left out; an extract follows;"
        rf" the whole text: {REFERENCE}\]",
        shortened,
    )

    assert marker is not None
    lines = LOG.split("\n")
    head, _, tail = parts(shortened)
    assert lines[int(marker[2]) - 1] not in head
    assert lines[int(marker[2]) - 2] in head
    assert lines[int(marker[3]) - 1] not in tail
    assert lines[int(marker[3])] in tail
    assert count(LOG) - 600 <= int(marker[1]) <= count(LOG)


def test_failures_in_the_middle_of_a_log_come_before_all_else():
    lines = LOG.split("\n")
    lines[470] = "2026-07-01 12:07:50 ERROR pool: no connection left"
    lines[520] = "Traceback (most recent call last):"
    lines[521] = "ValueError: amount is negative"
    shortened = truncate("\n".join(lines), Cut(Kind.LOG, 500, REFERENCE), count)

    assert {lines[470], lines[520], lines[521]} <= set(shortened.split("\n"))
    assert "severe lines" not in shortened


def test_failures_that_found_no_room_are_counted_in_the_marker():
    lines = [f"{number} ERROR request {number} failed" for number in range(800)]
    shortened = truncate("\n".join(lines), Cut(Kind.LOG, 300, REFERENCE), count)
    kept = sum(line in shortened.split("\n") for line in lines)

    assert f"{800 - kept} severe lines among them" in shortened


def test_the_query_decides_what_of_prose_is_kept():
    needle = "Every drawbridge is raised at midnight by the warden."
    text = PROSE.replace("The ledger number 308 ", f"{needle} The ledger number 308 ")
    unasked = truncate(text, Cut(Kind.PROSE, 500, REFERENCE), count)
    asked = truncate(text, Cut(Kind.PROSE, 500, REFERENCE, "who raises the drawbridge"), count)

    assert needle not in unasked
    assert needle in asked


def test_what_a_repeated_line_stands_for_is_not_cut_from_its_line():
    lines = [f"2026-07-01 12:00:00 INFO step {number // 2}" for number in range(600)]
    lines[1::2] = ["[bursar: the line above 5 more times]"] * 300
    shortened = truncate("\n".join(lines), Cut(Kind.LOG, 500, REFERENCE), count).split("\n")

    for place, line in enumerate(shortened):
        if "more times" in line:
            assert "INFO step" in shortened[place - 1]


def test_one_line_of_megabytes_without_a_blank_is_cut_where_it_must_be():
    text = "".join(f"{number:07x}" for number in range(700_000))
    shortened = truncate(text, Cut(Kind.PROSE, 400, REFERENCE), count)

    assert count(shortened) <= 400
    assert shortened.startswith(text[:100])
    assert shortened.endswith(text[-100:])


@pytest.mark.parametrize("excess_tokens", [0, 1, 30])
def test_the_least_that_can_be_reached_is_reached(excess_tokens):
    with pytest.raises(InvalidRequest) as refused:
        truncate(PROSE, Cut(Kind.PROSE, 10, REFERENCE), count)
    least_tokens = refused.value.facts["least_tokens"]
    target_tokens = least_tokens + excess_tokens

    assert count(truncate(PROSE, Cut(Kind.PROSE, target_tokens, REFERENCE), count)) <= target_tokens
    with pytest.raises(InvalidRequest, match=f"{least_tokens} tokens"):
        truncate(PROSE, Cut(Kind.PROSE, least_tokens - 1, REFERENCE), count)
