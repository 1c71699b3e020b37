"""JSON lines lose blanks line by line, and are coded as one array."""

from __future__ import annotations

import json

from bursar_compressor.detection import Kind
from bursar_compressor.json_data.coded_json import decoded
from bursar_compressor.json_data.nodes import Nodes
from bursar_compressor.json_lines import coded, minified
from bursar_compressor.rewriting import Options

OPTIONS = Options(Kind.NDJSON, "", len)


def test_each_line_is_minified_and_what_is_no_json_stays():
    assert minified('{"a": 1}\nno JSON \n[1, 2]\n').content == '{"a":1}\nno JSON \n[1,2]\n'


def test_coded_lines_read_back_as_the_same_data():
    lines = [json.dumps({"identifier": at, "description": "the same"}) for at in range(30)]
    text = coded("\n".join(lines) + "\n", OPTIONS).content
    nodes = Nodes()

    assert text.startswith("[bursar: coded: JSON lines, as one array of them.")
    assert len(text) < len("\n".join(lines)) / 2
    assert decoded(text, nodes) is nodes.read(f"[{','.join(lines)}]")


def test_a_line_that_is_no_object_leaves_the_text_as_it_is():
    for text in ('{"a": 1}\n5', '{"a": 1}, {"b": 2}\n', '{"a": 1}\n{"b": '):
        assert coded(text, OPTIONS).content == text
