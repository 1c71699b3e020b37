"""A page comes down to what is read of it; the page itself can be restored."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bursar_compressor.detection import Kind
from bursar_compressor.markup import CHARS_MIN, rewrite
from bursar_compressor.rewriting import Options

REFERENCE = f"blob_{'f' * 64}"
OPTIONS = Options(Kind.MARKUP, REFERENCE, len)
PAGE = """<!DOCTYPE html>
<html><head><title>Tokens</title><style>p { color: red }</style></head>
<body><nav><a href="/">Home</a></nav>
<h1>What is left</h1>
<p>A team has <b>12&nbsp;million</b> tokens
   and <a href="/limits">limits</a>.</p>
<ul><li>one</li><li>two</li></ul>
<table><tr><th>team</th><th>used</th></tr><tr><td>audit</td><td>7</td></tr></table>
<script>if (a < b) { track("<p>") }</script><img src="x.png" alt="a chart">
</body></html>
"""


def test_a_page_reads_as_its_text_with_headings_lists_links_and_tables():
    rewritten = rewrite(PAGE, OPTIONS)

    assert rewritten.content == (
        f"[bursar: the text of a page; the page itself: {REFERENCE}]\n"
        "Tokens\n# What is left\nA team has 12\xa0million tokens and [limits](/limits).\n"
        "- one\n- two\n| team | used\n| audit | 7\n[image: a chart]\n"
    )
    assert [part.of(PAGE.encode()) for part in rewritten.elided] == [PAGE.encode()]


def test_what_is_no_page_or_has_no_text_stays_as_it_is():
    xml = '<?xml version="1.0"?>' + "<row><cell>7</cell></row>" * 40

    assert rewrite(xml, OPTIONS).content == xml
    assert rewrite("<p>short</p>", OPTIONS).content == "<p>short</p>"
    empty = "<html>" + "<script>x()</script>" * 40
    assert rewrite(empty, OPTIONS).content == empty


@given(st.lists(st.sampled_from(["<p>", "</p>", "<script>", "<", "&#x", "<!--", "a ", "]]>", '"'])))
def test_broken_markup_never_fails(pieces):
    text = "<div>" + "".join(pieces) * 40 + " " * CHARS_MIN

    assert rewrite(text, OPTIONS).content
