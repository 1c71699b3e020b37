"""A block that stands above becomes one line, from which it can be found again."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_compressor.repeated_blocks import rewrite

POINTER = re.compile(r'\[bursar: (\d+) lines as above, "(.*)" to "(.*)"\]')


def shown(line: str) -> str:
    line = line.strip()
    return line if len(line) <= 60 else line[:59] + "…"


def written_out(content: str) -> str:
    """As a reader does it: from the top, the first lines that are as the pointer says."""
    read: list[str] = []
    written: list[str] = []
    for line in content.split("\n"):
        pointer = POINTER.fullmatch(line)
        written += block_above(read, line, int(pointer[1])) if pointer else [line]
        read.append(line)
    return "\n".join(written)


def block_above(read: list[str], pointer: str, length: int) -> list[str]:
    for place in range(len(read) - length + 1):
        block = read[place : place + length]
        if any(POINTER.fullmatch(line) for line in block):
            continue
        names = f'[bursar: {length} lines as above, "{shown(block[0])}" to "{shown(block[-1])}"]'
        if names == pointer:
            return block
    raise AssertionError(f"nothing above is as {pointer} says")


LONG = ["alpha " * 12 + str(number) for number in range(4)]  # their first 60 characters are equal
LINE = st.sampled_from(["{", "}", "", "    return value", *"abcdef", *LONG])
BLOCK = st.lists(LINE, min_size=1, max_size=8)


@settings(max_examples=300)
@given(st.lists(BLOCK, min_size=1, max_size=4), st.lists(st.integers(0, 3), max_size=12))
def test_every_block_can_be_found_again_and_a_second_time_changes_nothing(blocks, order):
    text = "\n".join("\n".join(blocks[index % len(blocks)]) for index in order)
    rewritten = rewrite(text).content

    assert written_out(rewritten) == text
    assert rewrite(rewritten).content == rewritten


BLOCK_OF_FOUR = "\n".join(f"the {word} line of a block that is repeated" for word in "abcd")


def test_a_second_copy_becomes_a_line_that_points_at_the_first():
    assert rewrite(f"{BLOCK_OF_FOUR}\nbetween\n{BLOCK_OF_FOUR}\nend").content == (
        f"{BLOCK_OF_FOUR}\nbetween\n"
        '[bursar: 4 lines as above, "the a line of a block that is repeated" to '
        '"the d line of a block that is repeated"]\nend'
    )


def test_two_repeated_lines_stay():
    two = "\n".join(BLOCK_OF_FOUR.split("\n")[:2])
    text = f"{two}\nbetween\n{two}\nend"

    assert rewrite(text).content == text


def test_a_block_shorter_than_its_pointer_stays():
    text = "a\nb\nc\nbetween\na\nb\nc"

    assert rewrite(text).content == text


def test_a_text_with_pointers_of_its_own_stays():
    once = rewrite(f"{BLOCK_OF_FOUR}\nbetween\n{BLOCK_OF_FOUR}\nend").content
    text = f"{once}\nmore\nmore words in a line\nand more\n{once}"

    assert rewrite(text).content == text
