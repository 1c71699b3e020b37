"""What a state of a million events takes: memory, and the time to be ready from a snapshot; and
what ten million remembered ids add.

    python benchmarks/quota_state.py

In a process of its own, for its memory. 10,000 limits on users, of which each call meets one, and
five that all calls meet; calls over ten minutes, so that 100,000 buckets are open.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

for folder in ("libs", "services"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import psutil  # noqa: E402
from quota_loads import reserve_request, settle_request  # noqa: E402

from bursar.eventlog.tentative import Undo, Untracked  # noqa: E402
from bursar_quota.archive import Archive  # noqa: E402
from bursar_quota.domain.answers import Recorded  # noqa: E402
from bursar_quota.domain.calls import Attribution, Target  # noqa: E402
from bursar_quota.domain.commands import (  # noqa: E402
    Command,
    PutLimit,
    Reserve,
    Settle,
    Stamp,
)
from bursar_quota.domain.limits import Limit, Selector  # noqa: E402
from bursar_quota.domain.meters import Amounts, Meter  # noqa: E402
from bursar_quota.domain.old import SEGMENT_EVENTS  # noqa: E402
from bursar_quota.domain.state import Remembered, State  # noqa: E402
from bursar_quota.domain.windows import WindowKind  # noqa: E402
from bursar_quota.dump import dump, load  # noqa: E402
from bursar_quota.old_entries import OldEntries  # noqa: E402
from bursar_quota.projection import QuotaDecider  # noqa: E402
from bursar_quota.requests import reserve_of, settle_of  # noqa: E402

EVENTS = 1_000_000
USERS = 10_000
MINUTES = 10
TAIL_EVENTS = 10_000
NOW_NS = 1_795_521_600_000_000_000
MINUTE_NS = 60_000_000_000
MB = 1_000_000
IDS = 10_000_000
TARGET = Target("anthropic", "claude-x", 4)


def figures() -> dict[str, float]:
    """Measured in a child."""
    done = subprocess.run([sys.executable, __file__], capture_output=True, check=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory:
        ids_mb = _grown_mb(lambda: _remembered(Path(directory) / "ids", IDS))
        folded: list[State] = []
        archive = Archive(Path(directory) / "state")
        memory_mb = _grown_mb(lambda: folded.append(_folded(EVENTS, archive)))
        ready_s = _ready_s(folded[0], Archive(Path(directory) / "state"))
    return {"memory_mb": memory_mb, "snapshot_ready_s": ready_s, "ids_10m_memory_mb": ids_mb}


def _grown_mb(work: Callable[[], object]) -> float:
    """How much memory is held by what `work` gives."""
    gc.collect()
    before_bytes = psutil.Process().memory_info().rss
    result = work()
    gc.collect()
    grown_bytes = psutil.Process().memory_info().rss - before_bytes
    del result
    return grown_bytes / MB


def _remembered(directory: Path, ids: int) -> OldEntries[Remembered]:
    """So many ids of operations in files."""
    old = OldEntries(directory, Remembered)
    kept = Remembered(bytes(32), Recorded(1))
    for number in range(ids // SEGMENT_EVENTS + 1):
        names = (f"{number:08x}.{place:08x}" for place in range(SEGMENT_EVENTS))
        old.add(number, old.write(number, dict.fromkeys(names, kept)))
    return old


def _folded(events: int, archive: Archive) -> State:
    """A state after so many events, each decided and folded as in a replay."""
    state, undo, decider = State(), Untracked(), QuotaDecider()
    archive.attach(state)
    decider.archive = archive
    for place in range(5):
        _do(decider, state, undo, _limit(f"all-{place}", Selector(), WindowKind.DAY))
    for user in range(USERS):
        selector = Selector(user_id=f"u{user}")
        _do(decider, state, undo, _limit(f"user-{user}", selector, WindowKind.MINUTE))
    pairs = (events - state.now.event_number) // 2
    for number in range(pairs):
        _pair(decider, state, undo, number, NOW_NS + number * MINUTES * MINUTE_NS // pairs)
    return state


def _pair(decider: QuotaDecider, state: State, undo: Undo, number: int, at_ns: int) -> None:
    user = f"u{number % USERS}"
    reserve = Reserve(
        Stamp(f"{number:08x}.reserve", sha256(b"r%d" % number).digest()),
        reservation_id=f"rsv_{number:034x}",
        attribution=Attribution("acme", user_id=user),
        target=TARGET,
        amounts=Amounts(1, 1000, 500, 30_000),
        lease_ns=MINUTE_NS,
        is_dispatched=True,
    )
    _do(decider, state, undo, reserve, at_ns)
    settle = Settle(
        Stamp(f"{number:08x}.settle", sha256(b"s%d" % number).digest()),
        reservation_id=reserve.reservation_id,
        used=Amounts(1, 1000, 300, 20_000),
    )
    _do(decider, state, undo, settle, at_ns)


def _limit(limit_id: str, selector: Selector, window: WindowKind) -> PutLimit:
    limit = Limit(limit_id, selector, Meter.COST_NANO_USD, window, 2**60)
    return PutLimit(Stamp(limit_id, b""), limit=limit)


def _do(
    decider: QuotaDecider, state: State, undo: Undo, command: Command, at_ns: int = NOW_NS
) -> None:
    for event in decider.decide(state, command, at_ns).events:
        decider.evolve(state, event, undo)


def _ready_s(state: State, archive: Archive) -> float:
    """Loads the state from its bytes, and folds the events behind it."""
    dumped = dump(state)
    tail: list[bytes] = []
    decider, undo, at_ns = QuotaDecider(), Untracked(), state.now.at_ns
    first = state.now.event_number + 1
    for number in range(TAIL_EVENTS // 2):
        reserve = reserve_of(reserve_request(f"tail-{number}"), at_ns)
        settle = settle_of(settle_request(f"tail-{number}", reserve.reservation_id), at_ns)
        for order in (reserve, settle):
            for caused in decider.decide(state, order, at_ns).events:
                tail.append(decider.encode(caused, order, at_ns))
                decider.evolve(state, caused, undo)
    gc.collect()
    gc.disable()
    began_s = time.perf_counter()
    loaded = load(dumped, archive)
    for place, event_bytes in enumerate(tail):
        event = decider.decode(event_bytes, first + place)
        assert event is not None
        decider.evolve(loaded, event, undo)
    return time.perf_counter() - began_s


if __name__ == "__main__":
    print(json.dumps(measure()))
