"""JSON objects, one a line: minified line by line, and coded as one array."""

from __future__ import annotations

import json

from bursar_compressor.json_data import coded_json
from bursar_compressor.json_minify import rewrite as minify
from bursar_compressor.markers import CODED
from bursar_compressor.rewriting import Options, Rewritten, unchanged

_JSON = f"{CODED}JSON."
_JSON_LINES = f"{CODED}JSON lines, as one array of them."


def minified(content: str) -> Rewritten:
    """Lines that are no JSON stay as they are."""
    lines = content.split("\n")
    short = [minify(line).content if line.lstrip()[:1] in ("{", "[") else line for line in lines]
    return Rewritten("\n".join(short), "blanks between JSON tokens")


def coded(content: str, options: Options) -> Rewritten:
    """The coded form, where every line is an object."""
    lines = content.split("\n")
    if not all(line.startswith("{") and _is_json(line) for line in lines if line.strip()):
        return unchanged(content)
    filled = [line for line in lines if line.strip()]
    as_array = coded_json.rewrite(f"[{','.join(filled)}]", options)
    if not as_array.content.startswith(_JSON):
        return unchanged(content, as_array.hindrance)
    text = _JSON_LINES + as_array.content.removeprefix(_JSON)
    return Rewritten(text, as_array.summary)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
