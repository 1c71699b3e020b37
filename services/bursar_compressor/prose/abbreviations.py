"""Words written shorter, where the caller asks for it and the model's tokeniser really saves.

Never inside code or quotes. Lossless: a word is replaced only where its short form does not stand
in the text already, so that each can be written out again. Most pairs save nothing: see the table
in docs/compression.md.
"""

from __future__ import annotations

import re

from bursar_compressor.rewriting import Count, Extra, Method, Options, Rewritten, unchanged

TABLE: dict[str, str] = {
    "function": "fn",
    "variable": "var",
    "parameter": "param",
    "argument": "arg",
    "return": "ret",
    "initialize": "init",
    "configuration": "config",
    "implementation": "impl",
}
# Fenced and inline code, what stands between quotes, and what looks like code or a path.
_KEPT = re.compile(
    r"^(?:```|~~~).*?^(?:```|~~~)[^\n]*$|`[^`\n]*`|\"[^\"\n]*\""
    r"|\u201c[^\u201d\n]*\u201d|\u2018[^\u2019\n]*\u2019"
    r"|(?<!\w)'[^'\n]*'(?!\w)|^(?: {4}|\t).*$|\S*[_./\\(){}=<>@#$]\w\S*",
    re.MULTILINE | re.DOTALL,
)


def rewrite(content: str, options: Options) -> Rewritten:
    """Each word of the table that saves tokens, everywhere in the text or nowhere."""
    if Extra.ABBREVIATIONS not in options.extras:
        return unchanged(content)
    words = [word for word in TABLE if _is_worth_it(word, content, options.count)]
    shorter = content
    for word in words:
        shorter = _replaced(shorter, word, TABLE[word])
    if shorter == content or written_out(shorter, words) != content:
        return unchanged(content)
    return Rewritten(shorter, f"written shorter: {', '.join(words)}")


def written_out(content: str, words: list[str]) -> str:
    """The text before `words` were written shorter."""
    for word in words:
        content = _replaced(content, TABLE[word], word)
    return content


def saved_tokens(word: str, count: Count) -> int:
    """What one use of the word in a sentence saves."""
    return count(f"the {word} of") - count(f"the {TABLE[word]} of")


def _is_worth_it(word: str, content: str, count: Count) -> bool:
    if saved_tokens(word, count) <= 0:
        return False
    return re.search(rf"\b{TABLE[word]}\b", content) is None


def _replaced(content: str, word: str, other: str) -> str:
    pattern = re.compile(rf"\b{word}\b")
    parts: list[str] = []
    at = 0
    for kept in _KEPT.finditer(content):
        parts += (pattern.sub(other, content[at : kept.start()]), kept[0])
        at = kept.end()
    return "".join((*parts, pattern.sub(other, content[at:])))


ABBREVIATIONS = Method("abbreviations", rewrite)
