"""A text's kind is found by its content."""

from __future__ import annotations

import pytest

from bursar_compressor.detection import Kind, detect

PROSE = """The treasury keeps what a team has not spent. It lends nothing, and it forgets nothing.

Whoever asks for tokens says what for; whoever gets them says what became of them."""
PYTHON = """import os
from pathlib import Path


def names(root: Path) -> list[str]:
    found = sorted(root.iterdir())
    return [path.name for path in found if path.is_file()]
"""
GO = """package main

import "fmt"

func main() {
\tfor i := 0; i < 3; i++ {
\t\tfmt.Println(i)
\t}
}
"""
SERVICE_LOG = """2026-07-01 12:00:01,003 INFO server: started
2026-07-01 12:00:02,118 WARNING pool: 3 connections left
2026-07-01 12:00:03,404 ERROR pool: no connection left
"""
PYTEST_LOG = """tests/test_a.py::test_one PASSED [ 33%]
tests/test_a.py::test_two FAILED [ 66%]
E   AssertionError: assert 1 == 2
FAILED tests/test_a.py::test_two - AssertionError
"""
RUST_LOG = """error[E0308]: mismatched types
 --> src/main.rs:5:67
  |
5 | fn main() { let s: String = 5; }
  |                             ^ expected `String`, found integer
"""
DIFF = """diff --git a/x.txt b/x.txt
@@ -1,2 +1,2 @@
-old line of prose
+new line of prose
"""
TABLE = """name,team,used tokens
ada,treasury,"1,200"
bob,treasury,77
eve,audit,0
"""
YAML = """# where the broker stands
broker:
  url: nats://127.0.0.1:4222
  names: [a, b]
limits:
  - tenant: acme
    tokens: 9
"""
HTML = """<!DOCTYPE html>
<html><head><title>Tokens</title></head>
<body><p>What was <b>not</b> spent.</p></body></html>
"""
MARKDOWN = """# Tokens

What a team *has*:

```python
def left(): return 1
```
"""
JSON_LINES = '{"level": "info", "text": "a"}\n{"level": "error", "text": "b"}\n'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PROSE, Kind.PROSE),
        ("", Kind.PROSE),
        (PYTHON, Kind.CODE),
        (GO, Kind.CODE),
        (DIFF, Kind.DIFF),
        (SERVICE_LOG, Kind.LOG),
        (PYTEST_LOG, Kind.LOG),
        (RUST_LOG, Kind.LOG),
        (JSON_LINES, Kind.NDJSON),
        ('  {"a": [1, 2]}\n', Kind.JSON),
        ('[{"role": "user", "content": "hi"}, {"role": "tool", "content": []}]', Kind.CHAT),
        ('[{"role": "user"}]', Kind.JSON),
        (TABLE, Kind.CSV),
        (TABLE.replace(",", "\t"), Kind.CSV),
        (YAML, Kind.YAML),
        (HTML, Kind.MARKUP),
        ('<?xml version="1.0"?>\n<a><b/></a>\n', Kind.MARKUP),
        (MARKDOWN, Kind.MARKDOWN),
        (PROSE.replace("\n", ", as they say, and so on, and so forth.\n"), Kind.PROSE),
        ("[" * 50_000 + "]" * 50_000, Kind.JSON),
        ('{"a": [1, 2}', Kind.PROSE),
    ],
)
def test_a_text_is_of_the_kind_a_reader_would_say(content, kind):
    assert detect(content) is kind
