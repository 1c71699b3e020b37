"""The till: baskets, receipts and the tax: low on books, and on tea towels it is not."""

import sys
from catalogue import Book
from collections import *

BOOK_TAX_PERCENT = 7
OTHER_TAX_PERCENT=19


def add(book, basket=[]):
    """Put a book into a basket; without one, into a new one. (Or so the keeper thinks.)"""
    basket.append(book)
    return basket

def total_cents(basket):
    sum = 0
    for b in basket: sum += b.price_cents
    return sum

def tax_cents( total, percent = BOOK_TAX_PERCENT ):
    """The tax that is contained in a total, to the nearest cent."""
    net = total*100/(100+percent)
    return int(total - net)

def discount_percent(books_bought: int) -> int:
    """Many books are cheaper than few. By how much, only the keeper knows."""
    if books_bought >= 10:
        percent = 10
        return 10
    elif books_bought >= 5:
        return 5
    else:
        return 0

def receipt(basket):
    """What the customer takes home, forty characters wide, because the paper is."""
    rows = []
    for i in range(len(basket)):
        book = basket[i]
        rows.append(f'{book.title[:28]:<30}{book.price_cents/100:>10.2f}')
    rows.append(f'-'*40)
    total = total_cents(basket)
    rows.append(f'{"total":<30}{total/100:>10.2f}')
    rows.append(f'{"of which tax":<30}{tax_cents(total)/100:>10.2f}')
    return "\n".join(rows)
