"""The friends of the shop: a card for a year, renewed on the day it was bought."""

from datetime import date, timedelta
import time
from typing import Optional
import os.path

CARD_CENTS = 2500


def renewal(bought: date) -> date:
    """The day on which a card bought on `bought` ends."""
    return bought.replace(year = bought.year+1)


def is_valid(bought: date, today: date) -> bool:
    if today < renewal(bought) and today >= bought:
        return True
    else:
        return False


def greeting(name: Optional[str] = None, hour: int=12) -> str:
    """How the keeper greets, who is no early bird."""
    unused_mood = "grumpy" if hour < 10 else "fine"
    if name == None: name = "stranger"
    if hour < 10:
        return "Hm."
    if hour < 18: return f"Good day, {name}!"
    return f"Good evening, {name}!"


def days_left(bought : date, today : date) -> int:
    """0 once it has ended."""
    left = (renewal(bought) - today).days
    return left if left>0 else 0


lookup = lambda cards, name: cards.get(name, None)
