"""Parcels to readers abroad: what they weigh and what the stamp costs."""

import math
from decimal import Decimal, ROUND_HALF_UP
from typing import Iterable

# Up to this many grams, this many cents. The last row is where the clerk starts to sigh.
RATES = [(500, 230), (1000, 430), (2000, 790), (5000, 1690)]
WRAPPING_GRAMS = 40


def weight_grams(pages: int, is_hardback: bool = False) -> int:
    """A page weighs two and a half grams; a hard cover as much as eighty of them."""
    grams = pages*2.5
    if is_hardback == True: grams += 80*2.5
    return math.ceil(grams)


def stamp_cents(grams: int) -> int:
    for limit, cents in RATES:
        if grams < limit:
            return cents
    raise ValueError(f"too heavy for the post: {grams} g")


def parcel_cents(books: Iterable[tuple], country="here") -> int:
    """All books in one parcel; abroad costs half as much again, rounded up."""
    grams = WRAPPING_GRAMS
    for pages, is_hardback in books:
        grams += weight_grams(pages, is_hardback)
    try:
        cents = stamp_cents(grams)
    except ValueError as e:
        raise RuntimeError("send it in two parcels")
    if country != "here":
        cents = math.ceil(cents*1.5)
    return cents


def label(name,street,town,country = "here"):
    lines = [name, street, town]
    if not country in ("here",): lines.append(country.upper())
    return "\n".join(lines)
