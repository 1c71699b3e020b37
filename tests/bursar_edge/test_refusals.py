"""What callers are told when the edge says no, and that a no costs nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from bursar.errors import LogUnavailable
from bursar.eventlog.certain import Patience
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.stream import StreamId
from bursar.identity import ApiKeys, KeyHolder
from bursar.quota.v1 import quota_pb2
from bursar_quota.service import Surroundings
from edge_requests import ANTHROPIC, BOTH, OPENAI, completion, messages, session
from edge_world import USAGE, edge_world


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_a_spent_budget_is_400_in_the_providers_shape_naming_limit_level_and_reset(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        await world.limit(0, quota_pb2.METER_COST_NANO_USD)
        async with client.post(world.url + path, json=body) as answer:
            assert answer.status == 400
            assert answer.headers["x-should-retry"] == "false"
            assert "retry-after" not in answer.headers
            error = (await answer.json())["error"]
        await world.ledger.until(lambda: len(world.ledger.denied) == 1)
    assert error["type"] == ("invalid_request_error" if path == ANTHROPIC else "insufficient_quota")
    assert "(limit spend)" in error["message"]
    assert "$0.00 of $0.00 left" in error["message"]
    assert "the window ends" in error["message"]
    assert not world.provider.served.calls


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_a_throttle_with_room_within_a_minute_is_429_and_says_when_to_come_back(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        throttle = quota_pb2.Limit(
            meter=quota_pb2.METER_REQUESTS,
            window=quota_pb2.WINDOW_ROLLING,
            rolling_ns=30 * 10**9,
            amount=1,
            mode=quota_pb2.MODE_THROTTLE,
        )
        await world.quota.put_limit(quota_pb2.PutLimitRequest(limit=throttle))
        await world.quota.record_usage(quota_pb2.RecordUsageRequest(requests=1))
        async with client.post(world.url + path, json=body) as answer:
            assert answer.status == 429
            assert answer.headers["x-should-retry"] == "true"
            assert 0 < int(answer.headers["retry-after"]) <= 60
    assert not world.provider.served.calls


async def test_of_200_calls_at_once_on_a_budget_for_20_exactly_20_reach_the_provider(
    tmp_path: Path,
) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        await world.limit(20, quota_pb2.METER_REQUESTS)

        async def call() -> int:
            async with client.post(world.url + OPENAI, json=completion()) as answer:
                return answer.status

        statuses = await asyncio.gather(*(call() for _ in range(200)))
        await world.ledger.all_settled(20)
        (level,) = await world.levels()
    assert sorted(statuses) == [200] * 20 + [400] * 180
    assert world.served()["calls"] == 20
    assert (level.settled, level.held) == (20, 0)


async def test_only_a_key_that_is_known_opens_where_keys_are_asked_for(tmp_path: Path) -> None:
    async with edge_world(
        tmp_path, authentication="keys", openai_api_key="sk-provider", anthropic_api_key="sk-a"
    ) as world:
        keys = ApiKeys.open(tmp_path, world.ground.keyring)
        issued = keys.issue(KeyHolder("acme", "ann", "red"), world.ground.clock())
        text = issued.text.reveal_text()
        for stranger in ("sk-mine", f"bsr_{'0' * 16}_{'0' * 52}", ""):
            status, headers, told = await _answered(world.url + ANTHROPIC, messages(), stranger)
            assert status == 401
            assert headers["x-should-retry"] == "false"
            assert b'"authentication_error"' in told
        assert not world.ledger.reserved
        assert (await _answered(world.url + ANTHROPIC, messages(), text))[0] == 200
        (settled,) = await world.ledger.all_settled(1)
    attribution = settled.attribution
    assert (attribution.tenant_id, attribution.team_id) == ("acme", "red")
    assert attribution.key_id == issued.key.key_id
    assert attribution.user_id.startswith("user_")


async def test_our_key_is_not_sent_to_a_provider_that_has_none_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    async with edge_world(tmp_path) as world:
        keys = ApiKeys.open(tmp_path, world.ground.keyring)
        issued = keys.issue(KeyHolder("acme", "ann"), world.ground.clock())
        key = issued.text.reveal_text()
        status, _, told = await _answered(world.url + OPENAI, completion(), key)
        assert status == 400 and b"BURSAR_EDGE_OPENAI_API_KEY" in told
    assert not world.ledger.reserved and not world.provider.served.calls


@pytest.mark.parametrize(("path", "status"), [(ANTHROPIC, 529), (OPENAI, 503)])
async def test_a_provider_that_cannot_be_reached_costs_nothing(
    tmp_path: Path, path: str, status: int
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with (
            edge_world(tmp_path, openai_url=url, anthropic_url=url) as world,
            session() as client,
        ):
            body = messages() if path == ANTHROPIC else completion()
            async with client.post(world.url + path, json=body) as answer:
                assert answer.status == status
                assert int(answer.headers["retry-after"]) >= 1
                assert "cannot be reached" in await answer.text()
            (settled,) = await world.ledger.all_settled(1)
    assert settled.outcome == quota_pb2.OUTCOME_FAILED
    assert settled.cost.total_nano_usd == 0


async def test_a_provider_that_breaks_off_without_an_answer_is_settled_at_the_whole_hold(
    tmp_path: Path,
) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, edge_world(tmp_path, openai_url=url) as world, session() as client:
        async with client.post(world.url + OPENAI, json=completion()) as answer:
            assert answer.status == 503
        (settled,) = await world.ledger.all_settled(1)
        (reserved,) = world.ledger.reserved
    assert settled.outcome == quota_pb2.OUTCOME_UNKNOWN
    assert settled.source == quota_pb2.USAGE_SOURCE_HOLD
    assert settled.usage.input_tokens == reserved.held.input_tokens
    assert settled.cost.total_nano_usd == reserved.held.cost_nano_usd > 0


async def test_a_provider_that_never_answers_is_given_up_and_settled_at_the_whole_hold(
    tmp_path: Path,
) -> None:
    async with edge_world(tmp_path, first_byte_s=0.1) as world, session() as client:
        headers = {"x-simulate": "never"}
        async with client.post(world.url + OPENAI, json=completion(), headers=headers) as answer:
            assert answer.status == 504
        (settled,) = await world.ledger.all_settled(1)
    assert settled.outcome == quota_pb2.OUTCOME_UNKNOWN


async def test_a_request_that_is_too_large_is_413_in_the_providers_shape(tmp_path: Path) -> None:
    async with edge_world(tmp_path, request_bytes_max=1_000) as world, session() as client:
        body = messages(system="x" * 2_000)
        async with client.post(world.url + ANTHROPIC, json=body) as answer:
            assert answer.status == 413
            assert (await answer.json())["error"]["type"] == "request_too_large"


async def test_more_calls_at_once_than_allowed_are_told_to_come_again(tmp_path: Path) -> None:
    async with edge_world(tmp_path, calls_at_once_max=1) as world, session() as client:
        slow = {"x-simulate": "first_byte_s=0.5"}

        async def call() -> tuple[int, bool]:
            url = world.url + ANTHROPIC
            async with client.post(url, json=messages(), headers=slow) as answer:
                return answer.status, "retry-after" in answer.headers

        answers = await asyncio.gather(*(call() for _ in range(3)))
    assert sorted(answers) == [(200, False), (529, True), (529, True)]


class AwayLog(MemoryLog):
    """A log that can be told to lose what is appended to `usage`."""

    loses_appends = 0

    async def append(
        self, stream: StreamId, frame: bytes, expected_sequence: int | None, timeout_s: float
    ) -> int:
        if stream == USAGE and self.loses_appends:
            self.loses_appends -= 1
            raise LogUnavailable("the log is away")
        return await super().append(stream, frame, expected_sequence, timeout_s)


async def test_a_log_that_is_away_is_503_with_a_time_to_come_again_and_nothing_stays_held(
    tmp_path: Path,
) -> None:
    log = AwayLog()
    impatient = Surroundings(patience=Patience(answer_s=0.1, pause_s=0.01, certainty_s=0.05))
    async with edge_world(tmp_path, log=log, surroundings=impatient) as world:
        await world.limit(10**15, quota_pb2.METER_COST_NANO_USD)
        log.loses_appends = 1_000
        status, headers, _ = await _answered(world.url + OPENAI, completion())
        log.loses_appends = 0
        assert status == 503 and int(headers["retry-after"]) >= 1
        assert not world.provider.served.calls
        (undone,) = await world.ledger.all_settled(1)
        (level,) = await world.levels()
        assert (level.settled, level.held) == (0, 0)
        assert undone.outcome == quota_pb2.OUTCOME_FAILED
        assert (await _answered(world.url + OPENAI, completion()))[0] == 200


async def test_a_settle_that_the_log_loses_is_sent_again_until_it_is_there(tmp_path: Path) -> None:
    log = AwayLog()
    async with edge_world(tmp_path, log=log) as world:
        await world.limit(10**15, quota_pb2.METER_COST_NANO_USD)
        told = "first_byte_s=0.3"
        call = _answered(world.url + OPENAI, completion(), x_simulate=told)
        asking = asyncio.create_task(call)
        await world.ledger.until(lambda: len(world.ledger.reserved) == 1)
        log.loses_appends = 2
        assert (await asking)[0] == 200
        await world.ledger.all_settled(1)
        (level,) = await world.levels()
    assert level.held == 0
    assert level.settled == world.ledger.settled[0].cost.total_nano_usd


async def _answered(
    url: str, body: dict[str, object], key: str = "sk-1", **headers: str
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of one answer; `headers` with _ for -."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    async with session(key) as client, client.post(url, json=body, headers=told) as answer:
        return answer.status, answer.headers, await answer.read()
