"""A method that fails, or takes too long, costs what it would have saved and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

import pytest

from bursar.tokens.texts import count_text
from bursar_compressor import work
from bursar_compressor.attempts import guarded
from bursar_compressor.detection import Kind
from bursar_compressor.domain import Ground, Order, compress
from bursar_compressor.registry import Level
from bursar_compressor.rewriting import Method, Options, Rewritten

OPTIONS = Options(Kind.LOG, "", len)


def failing(error: Exception, content: str, options: Options) -> Rewritten:
    raise error


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (KeyError("secret text"), "it failed (KeyError)"),
        (MemoryError(), "too much memory"),
        (RecursionError(), "nested too deeply"),
    ],
)
def test_a_method_that_fails_leaves_the_text_and_says_why_without_quoting_it(error, why):
    rewritten = guarded(Method("tried", partial(failing, error)), "the text", OPTIONS)

    assert rewritten.content == "the text"
    assert why in rewritten.hindrance
    assert "secret" not in rewritten.hindrance


SCRIPT = """
import multiprocessing
from bursar_compressor import attempts
from bursar_compressor.detection import Kind
from bursar_compressor.rewriting import Method, Options

def endless(content, options):
    while True:
        content = content[1:] + content[:1]

def hindrance(_):
    attempts.METHOD_S_MAX = 0.2
    method = Method("endless", endless)
    return attempts.guarded(method, "the text", Options(Kind.LOG, "", len)).hindrance

with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.map(hindrance, [0])[0])
"""


def test_a_method_that_takes_too_long_in_a_process_of_ours_is_ended():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=environment,
    )

    assert "not used: it took more than" in done.stdout


def test_what_failed_leaves_its_place_to_the_next_safer_method_and_the_changes_say_so():
    def attempt(method: Method, content: str, options: Options) -> Rewritten:
        if method.name == "kinds_of_lines":
            return guarded(Method(method.name, partial(failing, KeyError())), content, options)
        return method.rewrite(content, options)

    log = "2026-07-01 12:00:00 INFO the same line again\n" * 90
    order = Order(log, level=Level.SAFE, reference=f"blob_{'f' * 64}")
    done = compress(order, Ground(lambda text: count_text(text, "gpt-4o").tokens, attempt))

    assert [change.method for change in done.changes] == ["kinds_of_lines", "repeated_lines"]
    assert done.changes[0].summary == "not used: it failed (KeyError)"
    assert done.tokens_after < done.tokens_before


def test_the_service_works_with_this_net():
    order = Order("2026-07-01 12:00:00 INFO the same line again\n" * 90, level=Level.SAFE)

    assert work.compressed(order, "gpt-4o").compressed.changes
