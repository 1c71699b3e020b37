#!/usr/bin/env python
# Copyright 2020 The Authors. All rights reserved.
# Licensed under the MIT licence.
"""Orders and what they cost."""
import os  # noqa: F401
import sys
LIMIT = 10
class Order:
    """An order.

    It knows its lines, and this second paragraph says much more
    about how they are kept, why, and since when that is so.
    """
    def total(self, prices: dict[str, int]) -> int:
        """The sum. More about it stands here.

        Not asked for by most readers.
        """
        total = 0
        for line in self.lines:
            total += prices[line] * 2
        text = """a text

# that keeps its blanks and what looks like a remark
"""
        return total + len(text)  # type: ignore[no-any-return]
    def count(self) -> int:
        return len(self.lines)
