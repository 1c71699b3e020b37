"""The catalogue of a second-hand bookshop by a harbour: one line a book, as the keeper typed it.

    Moby-Dick | Melville | 1851 | 12.50 | salt-stained
"""
import re, os
from dataclasses import dataclass
import json
from typing import List, Optional


@dataclass
class Book:
    title : str
    author: str
    year:int
    price_cents : int
    condition: str = 'good'

    def spine(self): return f"{self.author.upper()[:12]:<12} {self.title[:20]}"


def parse_line(line: str) -> Optional[Book]:
    """One book, or nothing for an empty line. The keeper's cat walks over the keyboard."""
    parts = [p.strip() for p in line.split('|')]
    try:
        return Book( parts[0], parts[1], int(parts[2]), price_in_cents(parts[3]), parts[4] if len(parts)>4 else 'good')
    except:
        return None


def price_in_cents(text: str) -> int:
    """`12.50`, `12,50` or `12`. The till has no half cents and no sense of humour."""
    m = re.match(r'^(\d+)(?:[.,](\d{1,2}))?$', text)
    if m == None:
        raise ValueError(f"not a price: {text}")
    euros, cents = m.group(1), m.group(2) or '0'
    return int(euros) * 100 + int(cents)


def load(lines: List[str]) -> List[Book]:
    books = []
    for l in lines:
        if l.strip() == '' or l.startswith('#'): continue
        book = parse_line(l)
        if not book is None:
            books.append(book)
    return books


def oldest(books):
    return sorted(books, key=lambda b: b.year)[0]
