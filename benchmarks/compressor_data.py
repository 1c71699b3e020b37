"""What the methods for logs, tool output and JSON save, and how fast they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bursar.tokens.cache import CountCache
from bursar.tokens.texts import count_text
from bursar_compressor import counting
from bursar_compressor.detection import detect
from bursar_compressor.json_data import coded_json
from bursar_compressor.logs import coded_log, kinds_of_lines
from bursar_compressor.markers import is_coded
from bursar_compressor.rewriting import Options, Rewrite
from bursar_compressor.severity import is_severe
from bursar_compressor.workers import collect_rarely

MODEL = "gpt-4o"
REFERENCE = f"blob_{'0' * 64}"
RUNS = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """Of all texts of one kind together."""

    saved_pct: float
    mb_per_s: float


def figures(data: Path) -> dict[str, float]:
    """Prints a line a text, and gives the figures of the contract."""
    collect_rarely()
    logs = measured(data / "logs", coded_log.rewrite, reads_back)
    logs_safe = measured(data / "logs", kinds_of_lines.rewrite, keeps_wordings)
    tool = measured(data / "tool", coded_log.rewrite, reads_back)
    measured(data / "tool", kinds_of_lines.rewrite, keeps_wordings)
    data_as_json = measured(data / "json", coded_json.rewrite, lambda _, coded: is_coded(coded))
    return {
        "logs_lossless_saved_pct": logs.saved_pct,
        "logs_safe_saved_pct": logs_safe.saved_pct,
        "tool_lossless_saved_pct": tool.saved_pct,
        "json_lossless_saved_pct": data_as_json.saved_pct,
        "logs_mb_per_s": logs.mb_per_s,
        "json_mb_per_s": data_as_json.mb_per_s,
        "count_mb_per_s": count_mb_per_s(texts(data)),
    }


def texts(directory: Path) -> dict[str, str]:
    """Every file below it, by name; line ends as they are."""
    return {
        str(path.relative_to(directory)): path.read_bytes().decode("utf-8", errors="replace")
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def measured(directory: Path, rewrite: Rewrite, is_right: Callable[[str, str], bool]) -> Measured:
    """Of all its files. A result that is longer counts as the text itself, as it does in use.

    Raises AssertionError where a result does not hold what it must.
    """
    print(f"\n{rewrite.__module__:<55}{'tokens':>9}{'after':>9}{'saved':>8}{'MB/s':>7}")
    total_before = total_after = total_chars = 0
    total_s = 0.0
    for name, text in texts(directory).items():
        options = Options(detect(text), REFERENCE, tokens)
        took_s, content = fastest(lambda text=text, options=options: rewrite(text, options).content)
        assert content == text or is_right(text, content), f"{name} is not what it has to be"
        before, after = tokens(text), min(tokens(text), tokens(content))
        total_before, total_after = total_before + before, total_after + after
        total_chars, total_s = total_chars + len(text), total_s + took_s
        print(
            f"{name[-54:]:<55}{before:>9}{after:>9}{100 - 100 * after / before:>7.1f}%"
            f"{len(text) / took_s / 1e6:>7.1f}"
        )
    return Measured(100 - 100 * total_after / total_before, total_chars / total_s / 1e6)


def reads_back(text: str, coded: str) -> bool:
    """Whether the log is there again, byte by byte."""
    return coded_log.decode(coded) == text


def keeps_wordings(text: str, shortened: str) -> bool:
    """Whether each severe line is left, or one that differs from it in its values alone."""
    left = {wording(line.partition(": ")[2]) for line in shortened.split("\n")[1:]}
    return all(wording(line) in left for line in text.split("\n") if is_severe(line))


def wording(line: str) -> str:
    """The words of a line that have no digit, without the columns that they stand in."""
    return " ".join(word for word in line.split() if not any(map(str.isdigit, word)))


def fastest(run: Callable[[], str]) -> tuple[float, str]:
    """The least processor time of some runs, and what came of it."""
    best_s, result = float("inf"), ""
    for _ in range(RUNS):
        began_s = time.process_time()
        result = run()
        best_s = min(best_s, time.process_time() - began_s)
    return best_s, result


def tokens(text: str) -> int:
    """By o200k_base."""
    return count_text(text, MODEL).tokens


def count_mb_per_s(every: dict[str, str]) -> float:
    """Each text counted new, with a line more in its middle, and with a line more at its end: as it
    comes, as it is changed, and as it comes again.
    """
    tokens("loads the vocabulary")
    cache = CountCache()
    chars = 0
    began_s = time.process_time()
    for text in every.values():
        middle = text.find("\n", len(text) // 2) + 1
        changed = f"{text[:middle]}a line that was not there\n{text[middle:]}"
        for version in (text, changed, f"{text}\na line that was not there"):
            counting.count(version, MODEL, cache)
            chars += len(version)
    return chars / (time.process_time() - began_s) / 1e6
