"""A column of values as one line of text, and back.

The line begins with how it is to be read: `=4` the same as column 4, counted from 0; `p6:` digits
of which each six are a value; `d:` each value's difference to the one above; `v:` the values. In
the last two, `x*3` is x three times. In `v:`, `$4` is word 4 of the log's words, and after a
backslash stands a value as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby

WORD_CHARS_MIN = 6
DIGITS_A_TOKEN = 3
CHARS_A_TOKEN = 2.5
NUMBER_DIGITS_MAX = 18
_SPECIAL = ("$", "\\")


def words_of(columns: list[list[str]]) -> list[str]:
    """The values that cost fewer tokens when they are named by a number, the most used first."""
    times: Counter[str] = Counter()
    for column in columns:
        if max(map(len, column)) >= WORD_CHARS_MIN:
            times.update([value for value, _ in groupby(column)])
    gains = {
        value: _tokens(value) * (count - 1) - 2 * count
        for value, count in times.items()
        if count > 1 and len(value) >= WORD_CHARS_MIN
    }
    worth = [value for value, gain in gains.items() if gain > 0]
    return sorted(worth, key=lambda value: (-times[value], value))


def encoded(columns: list[list[str]], words: list[str]) -> list[str]:
    """One line a column."""
    names = {word: f"${number}" for number, word in enumerate(words)}
    earlier: dict[tuple[str, ...], int] = {}
    lines: list[str] = []
    for number, column in enumerate(columns):
        same = earlier.setdefault(tuple(column), number)
        lines.append(f"={same}" if same < number else _line(column, names))
    return lines


def decoded(lines: Iterable[str], words: Sequence[str]) -> list[list[str]]:
    """The columns again. Raises ValueError or IndexError for what `encoded` never writes."""
    columns: list[list[str]] = []
    for line in lines:
        head, _, body = line.partition(":")
        if head.startswith("="):
            columns.append(columns[int(head[1:])])
        elif head.startswith("p"):
            width = int(head[1:])
            columns.append([body[at : at + width] for at in range(0, len(body), width)])
        elif head == "d":
            columns.append([str(number) for number in accumulate(map(int, run_out(body)))])
        elif "$" in body or "\\" in body:
            columns.append([_value(text, words) for text in run_out(body)])
        else:
            columns.append(run_out(body))
    return columns


def in_runs(texts: Iterable[str]) -> str:
    """`a a a b` as `a*3 b`. What has a star or a backslash in it is written out."""
    runs: list[str] = []
    for text, run in groupby(texts):
        same = list(run)
        if len(same) < 3 or "\\" in text:
            runs += same
        else:
            runs.append(f"{text}*{len(same)}")
    return " ".join(runs)


def run_out(line: str) -> list[str]:
    """What `in_runs` was given."""
    texts: list[str] = []
    if "*" not in line:
        return line.split(" ")
    for text in line.split(" "):
        if "*" not in text or text[0] == "\\":
            texts.append(text)
        else:
            once, _, times = text.rpartition("*")
            texts += [once] * int(times)
    return texts


def _line(column: list[str], names: dict[str, str]) -> str:
    text = "".join(column)
    # Looked up only where words may be: short values are the most, and their lines many.
    may_have_words = names and len(text) * 2 >= WORD_CHARS_MIN * len(column)
    values = [names.get(value, value) for value in column] if may_have_words else column
    if text.isdecimal() and text.isascii():
        return min(_of_digits(column, values), key=_line_tokens)
    if "*" in text or "$" in text or "\\" in text:
        values = [names.get(value) or _escaped(value) for value in column]
    return f"v:{in_runs(values)}"


def _of_digits(column: list[str], values: list[str]) -> Iterator[str]:
    """Every way to write it; `values` are the column with words as their numbers."""
    yield f"v:{in_runs(values)}"
    width = len(column[0])
    if len(set(map(len, column))) == 1:
        yield f"p{width}:{''.join(column)}"
    differences = _differences(column)
    if differences:
        yield f"d:{in_runs(differences)}"


def _differences(column: list[str]) -> list[str]:
    """Empty where the numbers could not be written again as they were."""
    if max(map(len, column)) > NUMBER_DIGITS_MAX:
        return []
    numbers = list(map(int, column))
    if list(map(str, numbers)) != column:
        return []
    return list(map(str, map(int.__sub__, numbers, [0, *numbers])))


def _line_tokens(line: str) -> float:
    """About how many: enough to choose between two ways to write numbers."""
    signs = line.count(" ") + line.count("-") + line.count("*")
    return signs + (len(line) - signs) / DIGITS_A_TOKEN


def _tokens(text: str) -> float:
    """About how many tokens it takes: enough to tell whether a number for it takes fewer."""
    return -(-len(text) // DIGITS_A_TOKEN) if text.isdecimal() else len(text) / CHARS_A_TOKEN


def _escaped(value: str) -> str:
    return f"\\{value}" if value.startswith(_SPECIAL) or "*" in value else value


def _value(text: str, words: Sequence[str]) -> str:
    if text.startswith("\\"):
        return text[1:]
    return words[int(text[1:])] if text.startswith("$") else text
