"""Some sentences of a text, in their order, with a mark where others were.

Level safe, with a target: never without a question, unless the caller asks for what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bursar_compressor.boundaries import units
from bursar_compressor.detection import Kind
from bursar_compressor.markers import OPENING
from bursar_compressor.parts import Bytes
from bursar_compressor.prose.novelty import by_novelty
from bursar_compressor.prose.sentence_scores import scores
from bursar_compressor.rewriting import Extra, Method, Options, Rewritten, unchanged

_Ranking = Callable[[Sequence[str], str], list[int]]

GAP = "…"
SENTENCES_MAX = 100_000
TRIES_MAX = 8


def rewrite(content: str, options: Options) -> Rewritten:
    """At most the target's tokens; unchanged where not one sentence would fit."""
    if not options.target_tokens or not options.query:
        return unchanged(content)
    return _selected(content, options, by_question)


def rewrite_by_novelty(content: str, options: Options) -> Rewritten:
    """The same without a question, by what each sentence adds to the others."""
    if not options.target_tokens or options.query or Extra.NOVELTY not in options.extras:
        return unchanged(content)
    return _selected(content, options, lambda sentences, _: by_novelty(sentences))


def by_question(sentences: Sequence[str], query: str) -> list[int]:
    """Their places, the one nearest to the question first."""
    found = scores(sentences, query)
    return sorted(range(len(sentences)), key=lambda place: (-found[place], place))


def _selected(content: str, options: Options, ranked: _Ranking) -> Rewritten:
    sentences = units(content, Kind.PROSE)
    if len(sentences) > SENTENCES_MAX:
        return unchanged(content, f"not used: more than {SENTENCES_MAX} sentences")
    order = ranked(sentences, options.query)
    tokens = [options.count(sentence) for sentence in sentences]
    budget_tokens = options.target_tokens
    for _ in range(TRIES_MAX):
        kept = _within(budget_tokens, order, tokens)
        shorter = _joined(sentences, kept, options.reference)
        excess_tokens = options.count(shorter) - options.target_tokens
        gone = len(sentences) - len(kept)
        if kept and gone and excess_tokens <= 0:
            summary = f"{gone} of {len(sentences)} sentences"
            return Rewritten(shorter, summary, elided=tuple(_gaps(sentences, kept)))
        budget_tokens -= max(1, excess_tokens)
    return unchanged(content)


def _within(budget_tokens: int, order: Sequence[int], tokens: Sequence[int]) -> list[int]:
    """The first in order that fit, one after the other; as they stand in the text."""
    kept: list[int] = []
    for place in order:
        if tokens[place] < budget_tokens:  # one more for the mark before it
            kept.append(place)
            budget_tokens -= tokens[place] + 1
    return sorted(kept)


def _joined(sentences: Sequence[str], kept: Sequence[int], reference: str) -> str:
    gone = len(sentences) - len(kept)
    head = f"{OPENING}{gone} of {len(sentences)} sentences are left out, where {GAP} stands; "
    parts = [f"{head}the original: {reference}]\n"]
    before = -1
    for place in kept:
        if place != before + 1:
            parts.append(_mark(parts[-1], "".join(sentences[before + 1 : place])))
        parts.append(sentences[place])
        before = place
    if before + 1 < len(sentences):
        parts.append(GAP)
    return "".join(parts)


def _mark(text_before: str, gone: str) -> str:
    """Paragraphs stay apart."""
    is_apart = text_before.endswith("\n")
    return f"{GAP}\n\n" if "\n" in gone and not is_apart else f"{GAP} "


def _gaps(sentences: Sequence[str], kept: Sequence[int]) -> Iterator[Bytes]:
    begin, keeps = 0, set(kept)
    gap_begin = -1
    for place, sentence in enumerate(sentences):
        if place in keeps:
            if gap_begin >= 0:
                yield Bytes(gap_begin, begin - gap_begin)
            gap_begin = -1
        elif gap_begin < 0:
            gap_begin = begin
        begin += len(sentence.encode("utf-8", "surrogatepass"))
    if gap_begin >= 0:
        yield Bytes(gap_begin, begin - gap_begin)


BY_QUESTION = Method("sentences_by_question", rewrite)
BY_NOVELTY = Method("sentences_by_novelty", rewrite_by_novelty)
