"""Sentences chosen by a question, or by what they add."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_compressor import work
from bursar_compressor.detection import Kind
from bursar_compressor.domain import Compressed, Order
from bursar_compressor.parts import Bytes
from bursar_compressor.prose.selection import rewrite
from bursar_compressor.registry import Level
from bursar_compressor.rewriting import Extra, Options

REFERENCE = f"blob_{'0' * 64}"
MODEL = "gpt-4o"
FILLER = "The town has several schools and a market. Trains stop there every hour of the day. "
TEXT = (
    f"{FILLER * 6}\n\nThe old bridge over the river was built by Anna Bell. "
    f"It was finished in 1871 and repaired twice.\n\n{FILLER * 6}"
)


def count(text: str) -> int:
    return work.count(text, MODEL)[0]


def compressed(content: str, **terms: object) -> Compressed:
    order = Order(content, Kind.PROSE, Level.SAFE, reference=REFERENCE, **terms)  # type: ignore[arg-type]
    return work.compressed(order, MODEL).compressed


def test_the_sentence_that_answers_and_the_one_after_it_stay() -> None:
    result = compressed(TEXT, target_tokens=110, query="Who built the bridge over the river?")
    assert "built by Anna Bell" in result.content
    assert "finished in 1871" in result.content
    assert result.tokens_after <= 110
    assert result.changes[0].method == "sentences_by_question"


def test_without_a_question_or_a_target_no_sentence_goes() -> None:
    assert rewrite(TEXT, Options(Kind.PROSE, REFERENCE, count, "", 110)).content == TEXT
    assert rewrite(TEXT, Options(Kind.PROSE, REFERENCE, count, "bridge", 0)).content == TEXT


def test_what_is_new_is_kept_only_where_that_is_asked_for() -> None:
    asked = compressed(TEXT, target_tokens=130, extras=frozenset((Extra.NOVELTY,)))
    assert asked.changes[0].method == "sentences_by_novelty"
    assert "built by Anna Bell" in asked.content
    other = compressed(TEXT, target_tokens=130)
    assert "sentences_by_novelty" not in [change.method for change in other.changes]


def test_the_result_reads_as_the_text_with_marks_where_something_went() -> None:
    text = f"One fact is here.\n\n{'Nothing to see. ' * 20}\n\nThe answer is blue. End.\n"
    result = rewrite(text, Options(Kind.PROSE, REFERENCE, count, "what is the answer?", 56))
    assert result.content == (
        f"[bursar: 21 of 23 sentences are left out, where … stands; the original: {REFERENCE}]\n"
        "… The answer is blue. End.\n"
    )


SENTENCES = st.lists(
    st.sampled_from(["The cat sat. ", "A dog ran far away!\n\n", "Ärger kam. ", "Who knows? "]),
    min_size=1,
    max_size=40,
)


@settings(max_examples=80)
@given(sentences=SENTENCES, target_tokens=st.integers(60, 160))
def test_what_is_kept_and_what_is_named_as_gone_are_the_whole_text(
    sentences: list[str], target_tokens: int
) -> None:
    text = "".join(sentences)
    options = Options(Kind.PROSE, REFERENCE, count, "where did the dog run?", target_tokens)
    result = rewrite(text, options)
    assert rewrite(text, options) == result
    if not result.elided:
        assert result.content == text
        return
    assert count(result.content) <= target_tokens
    source = text.encode()
    kept = source
    for part in reversed(result.elided):
        assert isinstance(part, Bytes)
        kept = kept[: part.begin] + kept[part.begin + part.length :]
    shown = result.content.split("\n", 1)[1]
    assert [word for word in shown.split() if word != "…"] == kept.decode().split()
