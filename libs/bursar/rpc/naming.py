"""How a contract's method is called in Python."""

from __future__ import annotations

import re
from keyword import iskeyword

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def attribute_name(method_name: str) -> str:
    """`PutLimit` -> `put_limit`, `Await` -> `await_`."""
    name = _WORD_START.sub("_", method_name).lower()
    return f"{name}_" if iskeyword(name) else name
