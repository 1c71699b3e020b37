"""What holds at each level, for each kind of data: shorter or the same, the same again, and nothing
that matters lost.
"""

from __future__ import annotations

import json
import time
from functools import lru_cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.tokens.texts import count_text
from bursar_compressor.detection import Kind, detect
from bursar_compressor.domain import Ground, Order, compress
from bursar_compressor.registry import Level

REFERENCE = f"blob_{'f' * 64}"
NEEDLES = ("ERROR disk 7f3a is full", "order 99481 lost")


@lru_cache(maxsize=65_536)
def count(text: str) -> int:
    return count_text(text, "gpt-4o").tokens


GROUND = Ground(count)


def log(chance: Random, lines: int, needle: str) -> str:
    rows = [
        f"2026-07-01 12:{at // 60 % 60:02}:{at % 60:02} INFO request {chance.randrange(10**5)} took"
        f" {chance.randrange(90)} ms"
        for at in range(lines)
    ]
    rows.insert(chance.randrange(lines), needle)
    return "\n".join(rows)


def data(chance: Random, lines: int, needle: str) -> str:
    rows = [{"id": at, "state": "paid", "note": f"order {at}"} for at in range(lines)]
    rows.insert(chance.randrange(lines), {"id": 1, "state": "lost", "note": needle})
    return json.dumps({"orders": rows}, indent=chance.choice([None, 2]))


def json_lines(chance: Random, lines: int, needle: str) -> str:
    return "\n".join(map(json.dumps, json.loads(data(chance, lines, needle))["orders"])) + "\n"


def table(chance: Random, lines: int, needle: str) -> str:
    rows = [f"{at},ops,{chance.randrange(9)},fine" for at in range(lines)]
    rows.insert(chance.randrange(lines), f"7,lost,3,{needle}")
    return "\n".join(["number,team,used,note", *rows])


def yaml(chance: Random, lines: int, needle: str) -> str:
    rows = [f"  - name: order-{at}\n    used: {chance.randrange(9)}" for at in range(lines)]
    rows.insert(chance.randrange(lines), f"  - name: {needle}\n    used: 1")
    return "\n".join(["orders:", *rows])


def patch(chance: Random, lines: int, needle: str) -> str:
    rows = [f"+order {chance.randrange(9)}" for _ in range(lines)]
    rows.insert(chance.randrange(lines), f"+{needle}")
    return "\n".join(["diff --git a/x b/x", f"@@ -0,0 +1,{len(rows)} @@", *rows])


MAKERS = {
    Kind.LOG: log,
    Kind.JSON: data,
    Kind.NDJSON: json_lines,
    Kind.CSV: table,
    Kind.YAML: yaml,
    Kind.DIFF: patch,
}
CASES = st.tuples(st.sampled_from(sorted(MAKERS, key=str)), st.integers(0, 999), st.integers(6, 90))


@settings(max_examples=150, deadline=None)
@given(CASES, st.sampled_from(Level), st.sampled_from(NEEDLES))
def test_at_each_level_a_text_gets_no_longer_stays_the_same_again_and_keeps_its_needles(
    case, level, needle
):
    kind, seed, lines = case
    content = MAKERS[kind](Random(seed), lines, needle)
    order = Order(content, level=level, reference=REFERENCE)
    once = compress(order, GROUND)
    again = compress(Order(once.content, level=level, reference=REFERENCE), GROUND)

    assert detect(content) is kind is once.kind
    assert once.tokens_after == count(once.content) <= once.tokens_before == count(content)
    assert compress(order, GROUND) == once
    assert again.content == once.content
    assert once.needs_original == (REFERENCE in once.content)
    assert level not in (Level.PLAIN, Level.LOSSLESS) or not once.needs_original
    if level is not Level.LOSSLESS:
        assert needle in once.content


@settings(max_examples=80, deadline=None)
@given(CASES, st.sampled_from(Level), st.data())
def test_what_is_protected_is_there_at_each_level(case, level, drawn):
    kind, seed, lines = case
    content = MAKERS[kind](Random(seed), lines, NEEDLES[0])
    begin = drawn.draw(st.integers(0, len(content) - 1))
    kept = content[begin : begin + drawn.draw(st.integers(1, 80))]
    order = Order(content, level=level, reference=REFERENCE, protected=(kept,))

    assert kept in compress(order, GROUND).content


@pytest.mark.parametrize("kind", sorted(MAKERS, key=str))
def test_long_data_is_brought_down_at_the_levels_beyond_plain(kind):
    content = MAKERS[kind](Random(1), 400, NEEDLES[0])
    after = {
        level: compress(Order(content, level=level, reference=REFERENCE), GROUND).tokens_after
        for level in Level
    }

    assert after[Level.LOSSLESS] < after[Level.PLAIN]
    assert after[Level.SAFE] < after[Level.PLAIN] / 4 or kind in (Kind.YAML, Kind.DIFF)


@pytest.mark.parametrize("level", [Level.LOSSLESS, Level.SAFE])
@pytest.mark.parametrize(
    "content",
    [
        '{"a": "' + "word " * 1_000_000 + '"}',
        "[" * 200_000 + "]" * 200_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        "[" + "1," * 100_000 + "1]",
        "2026-07-01 12:00:00 INFO " + "7 " * 200_000,
        ("2026-07-01 12:00:00 INFO " + "a1 " * 5 + "\n") * 9_000,
        "a,b,c\n" * 50_000,
        "<p>" * 200_000 + ">",
        "- a: 1\n" * 50_000,
    ],
    ids=[
        *("long string", "deep arrays", "deep objects", "long array", "long line", "many lines"),
        *("many rows", "many tags", "many items"),
    ],
)
def test_hostile_data_is_done_in_time(content, level):
    began_s = time.process_time()
    done = compress(Order(content, level=level, reference=REFERENCE), GROUND)

    assert done.tokens_after <= done.tokens_before
    assert time.process_time() - began_s < 20
