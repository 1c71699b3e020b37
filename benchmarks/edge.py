"""What the thin edge costs a call with all accounting on, durable, on this machine.

    python benchmarks/edge.py

One process holds edge, quota and cache: each call is authenticated by its key, looked up in the
exact cache, counted, held on six limits by an awaited durable append, forwarded to a fast provider,
settled, and answered with its cost. Broker (every write synced), provider and callers are processes
of their own. `edge_cpu_ms_per_call` is CPU of the one process at 16 calls at once, the median of
the rounds.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in ("libs", "services"):
    sys.path.insert(0, str(HERE.parent / folder))
sys.path.insert(0, str(HERE))

from process_cpu import cpu_s  # noqa: E402

ROUNDS = 3
ROUND_S = 3.0
WARM_UP_S = 2.0
AT_ONCE = 16
PROFILED = "profiled"


def measure() -> dict[str, float]:
    """Medians of three rounds, after one to warm up."""
    with tempfile.TemporaryDirectory() as data_dir:
        provider, port = _provider()
        edge = _edge(data_dir, port)
        assert edge.stdout is not None
        try:
            told = json.loads(edge.stdout.readline())
            _round(edge.pid, told, WARM_UP_S)
            _round(edge.pid, told, WARM_UP_S, "--sampled")
            rounds = [_both_kinds(edge.pid, told) for _ in range(ROUNDS)]
        finally:
            edge.terminate()
            edge.wait()
            provider.kill()
            provider.wait()
    return {name: statistics.median(found[name] for found in rounds) for name in rounds[0]}


def _both_kinds(pid: int, told: dict[str, str]) -> dict[str, float]:
    """Calls whose answers may be kept, all of them new; and calls with no temperature set, as SDKs
    and coding CLIs send them, which no cache can answer.
    """
    sampled = _round(pid, told, ROUND_S, "--sampled")
    return _round(pid, told, ROUND_S) | {
        name.replace("edge_", "edge_sampled_"): value for name, value in sampled.items()
    }


def _round(pid: int, told: dict[str, str], seconds: float, *more: str) -> dict[str, float]:
    before_s, began_s = cpu_s(pid), time.perf_counter()
    command = [sys.executable, str(HERE / "http_peers.py"), "load", "--port", str(told["port"])]
    command += ["--at-once", str(AT_ONCE), "--seconds", str(seconds), "--key", told["key"], *more]
    load = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    calls, spent_s = load["answered"]["200"], cpu_s(pid) - before_s
    if set(load["answered"]) != {"200"}:
        raise SystemExit(f"not all calls were answered: {load['answered']}")
    return {
        "edge_cpu_ms_per_call": spent_s * 1000 / calls,
        "edge_calls_per_s": calls / (time.perf_counter() - began_s),
        "edge_p50_ms": load["p50_ms"],
    }


def _provider() -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, str(HERE / "http_peers.py"), "provider"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def _edge(data_dir: str, provider_port: str) -> subprocess.Popen[str]:
    settings = {
        "BURSAR_DATA_DIR": data_dir,
        "BURSAR_AUTHENTICATION": "keys",
        "BURSAR_LOG_LEVEL": "WARNING",
        "BURSAR_EDGE_OPENAI_URL": f"http://127.0.0.1:{provider_port}",
        "BURSAR_EDGE_OPENAI_API_KEY": "sk-measured",
    }
    command = [sys.executable, str(HERE / "edge.py"), *sys.argv[1:], "serve"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **settings}
    )


async def _serve() -> None:
    import signal

    from bursar.identity import ApiKeys, KeyHolder
    from bursar.wiring.run import hosting
    from bursar.wiring.settings import ProcessSettings
    from bursar_cache.module import MODULE as CACHE
    from bursar_edge.module import MODULE as EDGE
    from bursar_quota.module import MODULE as QUOTA

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with hosting(ProcessSettings.load(), [QUOTA, CACHE, EDGE]) as hosted:
        ground, services = hosted.ground, hosted.process.services
        await _limit(hosted.process.peers.client("quota"))
        holder = KeyHolder(tenant_id="acme", user_id="ann", team_id="core")
        key = ApiKeys.open(ground.data_dir, ground.keyring).issue(holder, ground.clock()).text
        port = services["edge"].url.rpartition(":")[2]
        print(json.dumps({"port": port, "key": key.reveal_text()}), flush=True)
        await ended.wait()


async def _limit(quota) -> None:
    """Six limits that match every call."""
    from bursar.quota.v1 import quota_pb2

    tenant = quota_pb2.Selector(tenant_id="acme")
    team = quota_pb2.Selector(tenant_id="acme", team_id="core")
    for selector, meter, window in (
        (tenant, quota_pb2.METER_COST_NANO_USD, quota_pb2.WINDOW_MONTH),
        (tenant, quota_pb2.METER_TOTAL_TOKENS, quota_pb2.WINDOW_DAY),
        (tenant, quota_pb2.METER_REQUESTS, quota_pb2.WINDOW_MINUTE),
        (team, quota_pb2.METER_COST_NANO_USD, quota_pb2.WINDOW_DAY),
        (team, quota_pb2.METER_OUTPUT_TOKENS, quota_pb2.WINDOW_HOUR),
        (team, quota_pb2.METER_INPUT_TOKENS, quota_pb2.WINDOW_WEEK),
    ):
        limit = quota_pb2.Limit(selector=selector, meter=meter, window=window, amount=10**15)
        await quota.put_limit(quota_pb2.PutLimitRequest(limit=limit))


def _served() -> None:
    from bursar.wiring.loop import run_serving

    if PROFILED not in sys.argv:
        run_serving(_serve())
        return
    import cProfile
    import pstats

    with cProfile.Profile() as profile:
        run_serving(_serve())
    pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(60)


def main() -> None:
    """`profiled` prints where the serving process spent its time."""
    if "serve" in sys.argv:
        _served()
        return
    for name, value in measure().items():
        print(f"{name:24} {value:10.3f}")


if __name__ == "__main__":
    main()
