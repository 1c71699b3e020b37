"""How often the semantic cache answers, how often wrongly, and how fast.

    python benchmarks/semantic.py [--pairs FILE] [--answers FILE] [--without-speed] [--show-wrong]

Without speed the tables are shown and nothing is recorded. `--show-wrong` lists the pairs that the
start settings would serve although their label says no, to be read again: labels are noisy.

FILEs are of the columns that benchmarks/semantic/labelled.py tells; without them, those in
`../shared/data/cache` beside the checkout, else the small ones in tests/data/cache. Pairs are split
by a hash of their texts: guards were written looking at the half `dev`. GPTCache's default is its
published rule on the same vectors. Vectors are kept in build/semantic between runs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "libs", HERE.parent / "services"):
    sys.path.insert(0, str(folder))

import contract as bench  # noqa: E402
from semantic import quality, speed, stream, traps  # noqa: E402
from semantic.labelled import (  # noqa: E402
    Answered,
    LabelledPair,
    Vectors,
    embedded,
    read_answers,
    read_pairs,
    texts_of,
)

from bursar.embedding.model import SentenceModel  # noqa: E402
from bursar_cache.semantic.words import ModelWords  # noqa: E402

SHARED = bench.ROOT.parent / "shared" / "data" / "cache"
OWN = bench.ROOT / "tests" / "data" / "cache"
KEPT = bench.ROOT / "build" / "semantic"
FIXED_COSINES = (quality.GPTCACHE_DEFAULT_COSINE, 0.85, 0.95)


def main() -> bool:
    """True when all figures are met, or none were recorded."""
    options = _options()
    pairs, answers = read_pairs(options.pairs), stream.drawn(read_answers(options.answers))
    model = SentenceModel.load()
    words = ModelWords(model)
    texts = [*texts_of(pairs), *(each.text for each in answers)]
    vectors = embedded(texts, model, KEPT)
    figures = _pairs(pairs, vectors, words)
    if options.show_wrong:
        _show_wrong(pairs, vectors, words)
    figures |= _traps(texts, words)
    figures |= _stream(answers, vectors, words)
    if options.without_speed:
        return True
    figures |= speed.measure(vectors, [pair.other for pair in pairs])
    print(f"\none look-up takes {figures['semantic_cpu_ms']:.2f} ms of processor time\n")
    return bench.write("semantic", figures)


def _pairs(pairs: list[LabelledPair], vectors: Vectors, words: ModelWords) -> dict[str, float]:
    scored = quality.scored(pairs, vectors)
    print(f"{'rule':<36}{'part':<6}{'hits %':>8}{'wrong % of hits':>18}{'95 % interval':>16}")
    for name, rule in quality.rules(words).items():
        for part, of_part in _parts(scored).items():
            result = quality.result_of(rule, of_part)
            low, high = result.interval_pct
            shown = f"{result.hit_pct:>8.2f}{result.wrong_per_hit_pct:>18.1f}"
            print(f"{name:<36}{part:<6}{shown}{low:>9.1f} - {high:.1f}")
    return {
        "pairs_hit_pct": result.hit_pct,
        "pairs_wrong_per_hit_pct": result.wrong_per_hit_pct,
    }


def _parts(scored: list[quality.Scored]) -> dict[str, list[quality.Scored]]:
    return {
        "dev": [each for each in scored if not each.pair.is_test],
        "test": [each for each in scored if each.pair.is_test],
        "all": scored,
    }


def _show_wrong(pairs: list[LabelledPair], vectors: Vectors, words: ModelWords) -> None:
    *_, start = quality.rules(words).values()
    served = [each for each in quality.scored(pairs, vectors) if start(each)]
    for each in served:
        if not each.pair.is_same:
            part = "test" if each.pair.is_test else "dev"
            print(f"{part:<5}{each.similarity:.3f}  {each.pair.one}  |  {each.pair.other}")


def _traps(texts: list[str], words: ModelWords) -> dict[str, float]:
    print(f"\n{'trap':<12}{'vetoed %':>10}{'of':>8}")
    shares = traps.rejected_pct(dict.fromkeys(texts), words)
    for name, (share, of) in shares.items():
        print(f"{name:<12}{share:>10.1f}{of:>8}")
    return {"traps_rejected_pct": min(share for share, _ in shares.values())}


def _stream(answers: list[Answered], vectors: Vectors, words: ModelWords) -> dict[str, float]:
    print(f"\n{'policy':<24}{'hits %':>8}{'wrong % of hits':>18}   hits %, by part of the stream")
    policies: dict[str, stream.Policy] = {
        f"cosine >= {cosine:.2f}": stream.FixedCosine(cosine) for cosine in FIXED_COSINES
    }
    policies["learned"] = learned = stream.Learned()
    for name, policy in policies.items():
        served = stream.run(answers, vectors, words, policy)
        curve = " ".join(f"{hits:.0f}" for hits in served.curve)
        print(f"{name:<24}{served.hit_pct:>8.1f}{served.wrong_per_hit_pct:>18.1f}   {curve}")
    bar = learned.bar
    print(f"learned bar {bar.similarity:.3f}, upper bound {100 * bar.wrong_per_hit_upper:.1f} %")
    return {
        "stream_hit_pct": served.hit_pct,
        "stream_wrong_per_hit_pct": served.wrong_per_hit_pct,
    }


def _options() -> argparse.Namespace:
    data = SHARED if SHARED.exists() else OWN
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=Path, default=_first(data, "question_pairs.jsonl"))
    parser.add_argument("--answers", type=Path, default=_first(data, "banking_questions.csv"))
    parser.add_argument("--without-speed", action="store_true")
    parser.add_argument("--show-wrong", action="store_true")
    return parser.parse_args()


def _first(directory: Path, name: str) -> Path:
    packed = directory / f"{name}.gz"
    return packed if packed.exists() else directory / name


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
