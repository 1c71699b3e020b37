"""JSON without the blanks between its tokens: the same keys in the same order, numbers as written.

Level plain. Applies only where the whole text is one JSON object or array.
"""

from __future__ import annotations

import msgspec

from bursar_compressor.rewriting import Rewritten, unchanged

METHOD = "json_minify"


def rewrite(content: str) -> Rewritten:
    """Never changes the data: strings and numbers are copied as text, not parsed and printed."""
    if content.lstrip()[:1] not in ("{", "["):
        return unchanged(content)
    try:
        minified = msgspec.json.format(content, indent=-1)
    except msgspec.DecodeError:
        return unchanged(content)
    except RecursionError:
        return unchanged(content, "left as it is: nested too deeply to be read as JSON")
    return Rewritten(minified, "blanks between JSON tokens")
