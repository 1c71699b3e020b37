"""The methods for data: JSON, JSON lines, tables, YAML, markup, patches and logs."""

from __future__ import annotations

from bursar_compressor import json_lines, json_minify, markup, sampled_lines, whitespace
from bursar_compressor.detection import Kind
from bursar_compressor.json_data import coded_json, sampled_arrays
from bursar_compressor.logs import coded_log, kinds_of_lines
from bursar_compressor.rewriting import Method

WHITESPACE = Method(
    whitespace.METHOD, lambda content, options: whitespace.rewrite(content, options.kind)
)
JSON_MINIFY = Method(json_minify.METHOD, lambda content, _: json_minify.rewrite(content))
_JSON_LINES_MINIFY = Method(json_minify.METHOD, lambda content, _: json_lines.minified(content))
_CODED_LINES = Method(coded_log.METHOD, coded_log.rewrite)
_SAMPLED_LINES = Method(sampled_lines.METHOD, sampled_lines.rewrite)

DATA_PLAIN: dict[Kind, tuple[Method, ...]] = {
    Kind.JSON: (JSON_MINIFY,),
    Kind.NDJSON: (_JSON_LINES_MINIFY,),
    Kind.CSV: (),
    Kind.YAML: (WHITESPACE,),
    Kind.MARKUP: (),
    Kind.DIFF: (),
}
DATA_LOSSLESS: dict[Kind, tuple[Method, ...]] = {
    Kind.LOG: (_CODED_LINES,),
    Kind.JSON: (Method(coded_json.METHOD, coded_json.rewrite),),
    Kind.NDJSON: (Method(coded_json.METHOD, json_lines.coded), _CODED_LINES),
    Kind.CSV: (_CODED_LINES,),
    Kind.YAML: (_CODED_LINES,),
    Kind.MARKUP: (_CODED_LINES,),
    Kind.DIFF: (_CODED_LINES,),
}
DATA_SAFE: dict[Kind, tuple[Method, ...]] = {
    Kind.LOG: (Method(kinds_of_lines.METHOD, kinds_of_lines.rewrite),),
    Kind.JSON: (Method(sampled_arrays.METHOD, sampled_arrays.rewrite),),
    Kind.NDJSON: (_SAMPLED_LINES,),
    Kind.CSV: (_SAMPLED_LINES,),
    Kind.MARKUP: (Method(markup.METHOD, markup.rewrite),),
}
