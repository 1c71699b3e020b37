"""Code as a tree, if some language reads it without fault."""

from __future__ import annotations

from bursar_compressor.code.grammar import grammar
from bursar_compressor.code.languages import guesses
from bursar_compressor.code.tree import CODE_BYTES_MAX, CodeTree, parse


def read(content: str, language: str = "") -> CodeTree | str:
    """The tree, or in words why there is none. `language` empty: found out by content."""
    try:
        source = content.encode()
    except UnicodeEncodeError:
        return "left as it is: it holds characters that are none"
    if len(source) > CODE_BYTES_MAX:
        return f"left as it is: more than {CODE_BYTES_MAX} bytes of code"
    for name in (language,) if language else guesses(content):
        known = grammar(name)
        if known is None:
            continue
        code = parse(source, known)
        if code.is_faultless:
            return "left as it is: nested too deeply" if code.is_too_deep() else code
    return "left as it is: no grammar reads it without fault"
