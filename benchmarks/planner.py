"""How well and how fast the planner chooses.

    python benchmarks/planner.py [--data DIR] [--fit DIR --score DIR]

Quality on recorded outcomes of real models: a directory with `mmlu.jsonl.gz`, `llmrouter9.jsonl.gz`
and traces `azure_conv_2023.csv` and `azure_code_2023.csv`. By default each question of DIR is
scored by what was learned from the other nine tenths, split by the hash of the prompt, and of each
trace the second half; with --fit and --score one directory is learned from and the other scored.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

for folder in ("libs", "services", "tests", "benchmarks"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import contract as bench  # noqa: E402
from routing import cascades, holds, routers, speed  # noqa: E402
from routing.outcomes import Question, folds, questions  # noqa: E402

RECOVERED = 0.8
Split = tuple[list[Question], list[Question]]


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--data", type=Path)
    asked.add_argument("--fit", type=Path)
    asked.add_argument("--score", type=Path)
    given = asked.parse_args()
    figures = speed.measure()
    if given.data or given.fit:
        figures |= _quality(given.data, given.fit, given.score)
    else:
        print("no --data: only speed is measured")
    return 0 if bench.write("planner", figures) else 1


def _quality(data: Path | None, fit: Path | None, score: Path | None) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, prefix in (("mmlu.jsonl.gz", "mmlu"), ("llmrouter9.jsonl.gz", "llmrouter")):
        splits = _splits(name, data, fit, score)
        figures |= {f"{prefix}_{figure}": value for figure, value in _routing(splits).items()}
    figures["target_error_points"] = figures.pop("mmlu_target_error_points")
    figures["strong_share_pct"] = figures.pop("mmlu_strong_share_pct")
    figures["cascade_gain"] = figures.pop("mmlu_cascade_gain")
    for name in ("mmlu", "llmrouter"):
        figures[f"rules_{name}_apgr"] = figures.pop(f"{name}_rules_apgr")
    return figures | _holds(data, fit, score)


def _splits(name: str, data: Path | None, fit: Path | None, score: Path | None) -> list[Split]:
    if data is not None:
        return list(folds(questions(data / name)))
    if fit is None or score is None:
        raise SystemExit("give --data, or both --fit and --score")
    return [(questions(fit / name), questions(score / name))]


def _routing(splits: list[Split]) -> dict[str, float]:
    full, online, rules, gains, errors, shares = [], [], [], [], [], []
    for seed, (fitted, scored) in enumerate(splits):
        learned = routers.by_full_log(fitted)
        full.append(routers.score(learned, scored))
        rules.append(routers.score_rules(scored))
        gains.append(cascades.gain(scored, routers.uplift(learned, scored), seed))
        target = routers.target_of(fitted, RECOVERED)
        run = routers.online(fitted, target, seed)
        online.append(routers.score(run.learned, scored))
        errors.append(abs(run.quality - target) * 100)
        shares.append(run.strong_share * 100)
    found = {
        "apgr_full": full,
        "apgr_online": online,
        "rules_apgr": rules,
        "cascade_gain": gains,
        "target_error_points": errors,
        "strong_share_pct": shares,
    }
    return {figure: statistics.fmean(values) for figure, values in found.items()}


def _holds(data: Path | None, fit: Path | None, score: Path | None) -> dict[str, float]:
    figures: dict[str, float] = {}
    sufficient, topups = [], []
    for name in ("conv", "code"):
        file = f"azure_{name}_2023.csv"
        if data is not None:
            calls = holds.trace(data / file)
            found = holds.measure(calls, len(calls) // 2)
        else:
            assert fit is not None and score is not None
            before = holds.trace(fit / file)
            found = holds.measure(before + holds.trace(score / file), len(before))
        figures[f"hold_ratio_{name}"] = found.hold_ratio
        sufficient.append(found.sufficient_pct)
        topups.append(found.topups_per_request)
    return figures | {"hold_sufficient_pct": min(sufficient), "topups_per_request": max(topups)}


if __name__ == "__main__":
    sys.exit(main())
