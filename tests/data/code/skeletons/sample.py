#!/usr/bin/env python
# Copyright 2020 The Authors. All rights reserved.
# Licensed under the MIT licence.
"""Orders and what they cost."""
import os  # noqa: F401
import sys
LIMIT = 10
class Order:
    """An order."""  # [bursar: bodies are left out, by their lines; the original: blob_0000000000000000000000000000000000000000000000000000000000000000] L17-20
    def total(self, prices: dict[str, int]) -> int:
        """The sum."""
        ...  # L23-35
    def count(self) -> int:
        return len(self.lines)
