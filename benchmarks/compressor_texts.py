"""What the methods for code, chats and prose save, what they keep, and how fast they are."""

from __future__ import annotations

import ast
import json
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

from compressor_data import REFERENCE, fastest, texts, tokens

from bursar_compressor.boundaries import units
from bursar_compressor.chat.repeats import without_repeats
from bursar_compressor.chat.texts import Message
from bursar_compressor.code import methods
from bursar_compressor.code.comments import without_comments
from bursar_compressor.code.reading import read
from bursar_compressor.code.tree import CodeTree
from bursar_compressor.detection import Kind
from bursar_compressor.prose.selection import BY_QUESTION
from bursar_compressor.rewriting import Options

LANGUAGES = {"py": "python", "ts": "typescript", "go": "go"}
RATIOS = (2, 3, 5)
CHAT_ROUNDS = 10
# A provider reads its cache at 0.1 and writes it at 1.25 of the price.
READ, WRITTEN = 0.1, 1.25


def figures(data: Path) -> dict[str, float]:
    """Prints a line a text, and gives the figures of the contract."""
    return {**code_figures(data / "code"), **chat_figures(data / "chats"), **prose_figures(data)}


def code_figures(directory: Path) -> dict[str, float]:
    """Comments out and skeletons, each text checked by a parser that walks it node by node.

    Raises AssertionError where removing comments changed the tree.
    """
    found: dict[str, float] = {}
    parsed = wanted = chars = 0
    took_s = 0.0
    for folder, language in LANGUAGES.items():
        every = texts(directory / folder)
        found[f"comments_{language}_saved_pct"] = _saved_pct(every, _uncommented)
        skeletons: dict[str, str] = {}
        for name, text in every.items():
            options = Options(Kind.CODE, REFERENCE, tokens)
            methods.SKELETON.rewrite(text, options)  # loads the grammar
            spent_s, skeletons[name] = fastest(
                lambda text=text, options=options: methods.SKELETON.rewrite(text, options).content
            )
            chars, took_s = chars + len(text), took_s + spent_s
            wanted += _parses(text)
            parsed += _parses(text) and _parses(skeletons[name])
        found[f"skeleton_{language}_saved_pct"] = _saved_pct(every, lambda text: text, skeletons)
    found["skeleton_parses_pct"] = 100 * parsed / max(1, wanted)
    found["code_mb_per_s"] = chars / took_s / 1e6
    return found


def chat_figures(directory: Path) -> dict[str, float]:
    """Pointers at earlier messages: what they save in tokens and on the bill, and how often a turn
    changed what was sent before it.
    """
    before = after = bill_before = bill_after = 0.0
    breaks = chars = 0
    took_s = 0.0
    for name, text in texts(directory).items():
        chat: list[Message] = json.loads(text)
        took_s += _chat_s(chat)
        chars += sum(len(str(message["content"])) for message in chat)
        shorter = without_repeats(chat, may_renumber=True, count=tokens)
        sizes, shorter_sizes = _sizes(chat), _sizes(shorter)
        breaks += _cache_breaks(chat)
        before, after = before + sum(sizes), after + sum(shorter_sizes)
        bill_before += _bill(chat, sizes)
        bill_after += _bill(chat, shorter_sizes)
        print(f"{name:<55}{sum(sizes):>9}{sum(shorter_sizes):>9}")
    return {
        "chat_saved_pct": 100 - 100 * after / before,
        "chat_bill_saved_pct": 100 - 100 * bill_after / bill_before,
        "chat_cache_breaks": float(breaks),
        "chat_mb_per_s": CHAT_ROUNDS * chars / took_s / 1e6,
    }


def prose_figures(data: Path) -> dict[str, float]:
    """Of the questions of SQuAD articles, how many keep the sentence of their answer when the
    article is brought to a half, a third, a fifth of its tokens.
    """
    kept = dict.fromkeys(RATIOS, 0)
    questions = 0
    for article, asked in _articles(data / "squad"):
        whole_tokens = tokens(article)
        for question, answer in asked:
            questions += 1
            for ratio in RATIOS:
                options = Options(
                    Kind.PROSE, REFERENCE, tokens_known, question, whole_tokens // ratio
                )
                kept[ratio] += answer in BY_QUESTION.rewrite(article, options).content
    return {
        f"answers_kept_{ratio}x_pct": 100 * number / questions for ratio, number in kept.items()
    }


def tokens_known(text: str) -> int:
    """Counted once a text: the sentences of an article are asked for with each question."""
    known = _known.get(text)
    if known is None:
        known = _known[text] = tokens(text)
    return known


_known: dict[str, int] = {}


def _uncommented(text: str) -> str:
    code = read(text)
    if not isinstance(code, CodeTree):
        return text
    shorter = without_comments(code)
    if shorter is None:
        return text
    content = shorter.source.decode()
    if code.grammar.name == "python":
        assert ast.dump(ast.parse(content)) == ast.dump(ast.parse(text))
    return content


def _parses(text: str) -> bool:
    return isinstance(read(text), CodeTree)


def _saved_pct(
    every: dict[str, str], change: Callable[[str], str], changed: dict[str, str] | None = None
) -> float:
    before = sum(map(tokens, every.values()))
    after = sum(tokens((changed or {}).get(name) or change(text)) for name, text in every.items())
    return 100 - 100 * after / before


def _chat_s(chat: list[Message]) -> float:
    """Of CHAT_ROUNDS times: once is too short to be measured. Without counting."""
    began_s = time.process_time()
    for _ in range(CHAT_ROUNDS):
        without_repeats(chat, may_renumber=True)
    return time.process_time() - began_s


def _sizes(chat: list[Message]) -> list[int]:
    return [tokens(str(message["content"])) for message in chat]


def _cache_breaks(chat: list[Message]) -> int:
    """Turns at which an earlier message is sent otherwise than before."""
    before: list[Message] = []
    breaks = 0
    for turns in range(1, len(chat) + 1):
        now = without_repeats(chat[:turns], may_renumber=True, count=tokens_known)
        breaks += now[: len(before)] != before
        before = now
    return breaks


def _bill(chat: list[Message], sizes: list[int]) -> float:
    """In uncached input tokens: a request before each answer, a perfect cache of what was sent."""
    bill = 0.0
    cached = sent = 0
    for message, size in zip(chat, sizes, strict=True):
        if message["role"] == "assistant":
            bill += cached * READ + (sent - cached) * WRITTEN
            cached = sent
        sent += size
    return bill


def _articles(directory: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each article as one text, and its questions with the sentences of their answers."""
    for text in texts(directory).values():
        for article in json.loads(text)["data"]:
            yield _article(article["paragraphs"])


def _article(paragraphs: list[dict[str, object]]) -> tuple[str, list[tuple[str, str]]]:
    text = "\n\n".join(str(paragraph["context"]) for paragraph in paragraphs)
    sentences = units(text, Kind.PROSE)
    begins = [0, *accumulate(map(len, sentences))]
    asked: list[tuple[str, str]] = []
    at = 0
    for paragraph in paragraphs:
        for question in paragraph["qas"]:  # type: ignore[attr-defined]
            for answer in question["answers"][:1]:
                place = bisect_right(begins, at + answer["answer_start"]) - 1
                asked.append((question["question"], sentences[place].strip()))
        at += len(str(paragraph["context"])) + 2
    return text, asked


if __name__ == "__main__":
    import sys

    print(figures(Path(sys.argv[1])))
