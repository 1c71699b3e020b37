"""Code as a tree, if some language reads it without fault.

What is no code can take a parser long and much room: up to 17 us and 3 KB a byte were seen, where
code takes 0.2 us and 80 bytes. A parser cannot be interrupted, so it is not given such texts.
"""

from __future__ import annotations

import re

from bursar_compressor.code.grammar import grammar
from bursar_compressor.code.languages import guesses
from bursar_compressor.code.tree import CodeTree, parse

CODE_BYTES_MAX = 512 * 1024
GUESSED_ONCE_BYTES = 64 * 1024  # of more, only the likeliest language is tried
_MINIFIED_LINE = re.compile(rb"[^\n]{16384}")


def read(content: str, language: str = "") -> CodeTree | str:
    """The tree, or in words why there is none. `language` empty: found out by content."""
    try:
        source = content.encode()
    except UnicodeEncodeError:
        return "left as it is: it holds characters that are none"
    if len(source) > CODE_BYTES_MAX:
        return f"left as it is: more than {CODE_BYTES_MAX} bytes of code"
    if _MINIFIED_LINE.search(source):
        return "left as it is: minified"
    likely = (language,) if language else guesses(content)
    for name in likely[:1] if len(source) > GUESSED_ONCE_BYTES else likely:
        known = grammar(name)
        if known is None:
            continue
        code = parse(source, known)
        if code.is_faultless:
            return "left as it is: nested too deeply" if code.is_too_deep() else code
    return "left as it is: no grammar reads it without fault"
