"""Tables and JSON lines come down to samples and outliers, and can be restored."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

from bursar_compressor.detection import Kind
from bursar_compressor.parts import part_of
from bursar_compressor.rewriting import Options
from bursar_compressor.sampled_lines import rewrite

REFERENCE = f"blob_{'f' * 64}"
MARKER = re.compile(r"\[bursar: \d+ lines are left out: (\S+?)(?: of blob_\w+)?\]\n")


def table(rows: int, separator: str = ",") -> list[str]:
    chance = Random(rows)
    header = separator.join(["name", "team", "used"])
    return [
        header,
        *(
            separator.join(
                [f"user{at}", chance.choice(["audit", "ops"]), str(chance.randrange(90))]
            )
            for at in range(rows)
        ),
    ]


def rewritten(lines: list[str], kind: Kind = Kind.CSV) -> str:
    return rewrite("\n".join(lines), Options(kind, REFERENCE, len)).content


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_table_keeps_its_columns_names_and_its_odd_rows(separator):
    lines = table(300, separator)
    odd = [separator.join(row) for row in (("x", "root", "7"), ("y", "ops", "987654"))]
    lines[50], lines[200] = odd
    left = rewritten(lines)

    assert left.split("\n")[:4] == lines[:4]
    assert left.endswith(lines[-1])
    assert set(odd) <= set(left.split("\n"))
    assert len(left) < len("\n".join(lines)) / 5


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (table(100), Kind.CSV),
        ([json.dumps({"id": at, "kind": "paid"}) for at in range(100)] + [""], Kind.NDJSON),
    ],
)
def test_what_is_left_out_put_in_again_is_the_text(lines, kind):
    source = "\n".join(lines)
    left = rewritten(lines, kind)

    assert left != source
    assert MARKER.sub(lambda found: part_of(found[1]).of(source.encode()).decode(), left) == source


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (table(9), Kind.CSV),
        (['"open, ', *table(90)], Kind.CSV),
        (['{"a": 1}'] * 90 + ["no JSON"], Kind.NDJSON),
        ([], Kind.CSV),
    ],
)
def test_what_is_short_or_no_table_stays_as_it_is(lines, kind):
    assert rewritten(lines, kind) == "\n".join(lines)
