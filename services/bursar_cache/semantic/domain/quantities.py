"""The numbers in a text, with what they count."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import regex

from bursar_cache.semantic.domain.number_words import MAGNITUDES, NUMBER_WORDS, UNITS


class Quantity(NamedTuple):
    """A number as it is written in digits, and its unit; no unit is an empty string."""

    number: str
    unit: str


_QUANTITY = regex.compile(
    r"""
    (?P<sign>(?<![\w)])-)?
    (?P<currency>[$€£₹¥])?\s?
    (?P<number>\d[\d,]*(?:[.:/]\d+)*)
    (?:(?P<ordinal>st|nd|rd|th)\b)?
    \s?-?(?P<unit>%|°[cf]?|\p{L}+)?
    | \b(?P<word>\L<words>)\b(?:[\s-](?P<word_unit>\p{L}+))?
    """,
    regex.VERBOSE | regex.IGNORECASE,
    words=list(NUMBER_WORDS),
)


def quantities(text: str) -> tuple[Quantity, ...]:
    """In order of their size, so that 2 for 1 and 1 for 2 are told apart by word order alone."""
    return tuple(sorted(_quantity(match) for match in _QUANTITY.finditer(text)))


def _quantity(match: regex.Match[str]) -> Quantity:
    word = match["word"]
    if word is not None:
        unit = UNITS.get((match["word_unit"] or "").casefold(), "")
        return Quantity(NUMBER_WORDS[word.casefold()], unit)
    follows = (match["unit"] or "").casefold()
    number = match["number"].replace(",", "")
    if follows in MAGNITUDES:
        number, follows = _multiplied(number, MAGNITUDES[follows]), ""
    unit = UNITS.get(match["currency"] or follows, "")
    return Quantity(
        (match["sign"] or "") + _plain(number) + (match["ordinal"] or "").casefold(), unit
    )


def _multiplied(number: str, by: int) -> str:
    try:
        return str(Decimal(number) * by)
    except InvalidOperation:
        return f"{number}*{by}"


def _plain(number: str) -> str:
    """5.0 is 5, 05 is 5; what is no single number stays as it is."""
    try:
        return f"{Decimal(number).normalize():f}"
    except InvalidOperation:
        return number
