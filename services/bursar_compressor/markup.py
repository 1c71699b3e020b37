"""HTML brought down to what a reader would see of it: its text, headings, lists, tables and links.

Level safe. Scripts, styles, comments, hidden elements, navigation and the markup itself go; the
whole is restored by the reference in the first line. XML that is no HTML stays as it is.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from bursar_compressor.markers import OPENING
from bursar_compressor.parts import Bytes
from bursar_compressor.rewriting import Options, Rewritten, unchanged

METHOD = "main_content"
CHARS_MIN = 400  # less costs about as much as its reference
_HTML = re.compile(r"<!doctype html|<html[\s>]|<body[\s>]|<div[\s>]|<p[\s>]", re.IGNORECASE)
_SKIPPED = frozenset(
    [
        *("script", "style", "noscript", "template", "svg", "nav", "footer", "aside", "form"),
        *("iframe", "object", "button", "select"),
    ]
)
_BLOCKS = frozenset(
    [
        *("p", "div", "section", "article", "main", "header", "ul", "ol", "table", "tr", "pre"),
        *("blockquote", "br", "hr", "dl", "dt", "dd", "figure", "figcaption", "title", "li"),
        *("h1", "h2", "h3", "h4", "h5", "h6"),
    ]
)
_BEFORE = {"li": "- ", **{f"h{level}": "#" * level + " " for level in range(1, 7)}}
_BLANKS = re.compile(r"[ \t\r\f\v]+")
_LINES = re.compile(r"\s*\n\s*")


def rewrite(content: str, options: Options) -> Rewritten:
    """The text of a page, in Markdown where that says what the markup said."""
    if len(content) < CHARS_MIN or not _HTML.search(content):
        return unchanged(content)
    page = _Page()
    page.feed(content)
    page.close()
    text = page.text()
    if not text:
        return unchanged(content, "not used: the page has no text")
    legend = f"{OPENING}the text of a page; the page itself: {options.reference}]"
    whole = Bytes(0, len(content.encode()))
    return Rewritten(f"{legend}\n{text}\n", "markup, scripts and navigation", elided=(whole,))


class _Page(HTMLParser):
    """Collects what is read; elements that are not closed end with what holds them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._skipped: list[str] = []
        self._links: list[str] = []

    def text(self) -> str:
        """What was collected, a block a line."""
        lines = _LINES.split(_BLANKS.sub(" ", "".join(self._parts)))
        return "\n".join([line.strip() for line in lines if line.strip(" -#|")])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped or tag in _SKIPPED:
            if tag in _SKIPPED:
                self._skipped.append(tag)
            return
        values = dict(attrs)
        if tag in _BLOCKS:
            self._parts += ("\n", _BEFORE.get(tag, ""))
        elif tag in ("td", "th"):
            self._parts.append(" | ")
        elif tag == "a":
            self._links.append(values.get("href") or "")
            self._parts.append("[" if self._links[-1] else "")
        elif tag == "img" and values.get("alt"):
            self._parts.append(f"[image: {values['alt']}]")

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            if tag == self._skipped[-1]:
                self._skipped.pop()
            return
        if tag in _BLOCKS:
            self._parts.append("\n")
        elif tag == "a" and self._links:
            address = self._links.pop()
            self._parts.append(f"]({address})" if address else "")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._parts.append(data.replace("\n", " "))
