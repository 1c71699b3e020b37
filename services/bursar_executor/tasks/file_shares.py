"""How many tokens of a model's room each file may take."""

from __future__ import annotations

from collections.abc import Sequence


def shares_of_room(wanted: Sequence[int], floors: Sequence[int], room_tokens: int) -> list[int]:
    """A share for each file. All of the room where they fit, each by its size; else the same for
    all that want more than that, and what they want for the others.

    `wanted` and `floors` in tokens: what a file takes as it is, and the least it can come to, 0
    where that is not known. No share is below its floor, nor below 1.
    """
    total = sum(wanted)
    if 0 < total <= room_tokens:
        return [max(1, room_tokens * tokens // total) for tokens in wanted]
    shares = [max(1, floor) for floor in floors]
    level = _level(wanted, shares, room_tokens)
    return [max(share, min(tokens, level)) for tokens, share in zip(wanted, shares, strict=True)]


def _level(wanted: Sequence[int], least: Sequence[int], room_tokens: int) -> int:
    """The highest level at which all files, none above what it wants, find room."""
    low, high = 0, max(wanted, default=0)
    while low < high:
        level = (low + high + 1) // 2
        taken = sum(
            max(share, min(tokens, level)) for tokens, share in zip(wanted, least, strict=True)
        )
        if taken <= room_tokens:
            low = level
        else:
            high = level - 1
    return low
