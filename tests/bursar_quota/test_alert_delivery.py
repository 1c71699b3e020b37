"""Alerts leave: signed, tried again, laid aside when nobody takes them, never in the way."""

from __future__ import annotations

import asyncio
import hmac
import json
from contextlib import asynccontextmanager
from hashlib import sha256

import pytest
from aiohttp import web

from bursar.errors import InvalidRequest
from bursar.eventlog.memory import MemoryLog
from bursar.quota.v1 import quota_pb2
from bursar.secret import Secret
from bursar_quota.settings import QuotaSettings
from bursar_quota.webhooks import Persistence, Webhooks, signature
from quota_services import a_limit, a_reserve, a_settle, serving

SECRET = "a long secret"


class Receiver:
    """A real HTTP server that answers with the statuses it was given, then 200."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.letters = []
        self.taken = asyncio.Event()

    async def take(self, request):
        self.letters.append((dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.taken.set()
        return web.Response(status=status)


@asynccontextmanager
async def receiving(*statuses):
    receiver = Receiver(*statuses)
    app = web.Application()
    app.router.add_post("/alerts", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/alerts"
    yield receiver
    await runner.cleanup()


def settings_for(receiver):
    return QuotaSettings(webhook_urls=receiver.url, webhook_secret=SECRET)


async def spend(quota, cost_nano_usd):
    held = await quota.reserve(a_reserve(cost_nano_usd=cost_nano_usd))
    await quota.settle(a_settle(held.reservation_id, cost_nano_usd))


async def test_an_alert_is_told_to_the_receiver_with_a_signature_it_can_check(tmp_path):
    async with receiving() as receiver:
        surroundings = {"alerts_dir": tmp_path / "alerts", "tick_s": 0.05}
        async with serving(MemoryLog(), settings_for(receiver), **surroundings) as quota:
            await quota.put_limit(a_limit(1000, provider="anthropic"))
            await spend(quota, 600)
            async with asyncio.timeout(20):
                await receiver.taken.wait()
    ((headers, body),) = receiver.letters
    alert = json.loads(body)
    assert (alert["kind"], alert["provider"], alert["resource"], alert["usage_pct"]) == (
        "approaching_limit",
        "anthropic",
        "cost",
        60.0,
    )
    assert headers["Bursar-Alert-Id"] == alert["alert_id"]
    sent_at, _, given = headers["Bursar-Signature"].partition(",v1=")
    sent_at_s = sent_at.removeprefix("t=")
    signed = hmac.new(SECRET.encode(), f"{sent_at_s}.".encode() + body, sha256)
    assert signed.hexdigest() == given


async def test_after_a_restart_nothing_is_told_twice_that_was_taken(tmp_path):
    log, delivered = MemoryLog(), tmp_path / "alerts" / "delivered-00"
    async with receiving() as receiver:
        surroundings = {"alerts_dir": tmp_path / "alerts", "tick_s": 0.05}
        async with serving(log, settings_for(receiver), **surroundings) as quota:
            await quota.put_limit(a_limit(1000))
            await spend(quota, 600)
            async with asyncio.timeout(20):
                await receiver.taken.wait()
            await spend(quota, 250)
            async with asyncio.timeout(20):
                while not delivered.exists() or int(delivered.read_text()) < 7:
                    await quota.usage(quota_pb2.UsageRequest())
        async with serving(log, settings_for(receiver), **surroundings) as quota:
            await quota.usage(quota_pb2.UsageRequest())
    ids = [headers["Bursar-Alert-Id"] for headers, _ in receiver.letters]
    assert len(set(ids)) == 2


QUICK = Persistence(attempts=4, first_wait_s=0.001, wait_max_s=0.002, answer_s=5.0)


async def tell(receiver, tmp_path, persistence=QUICK):
    import aiohttp

    path = tmp_path / "dead-letters.jsonl"
    webhooks = Webhooks((receiver.url,), Secret(SECRET), path, lambda: 5 * 10**9, persistence)
    async with aiohttp.ClientSession() as session:
        await webhooks.tell(session, receiver.url, "usage-0-7", b'{"alert_id": "usage-0-7"}')
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("status", [500, 503, 429, 408])
async def test_a_receiver_that_cannot_take_it_now_is_asked_again(tmp_path, status):
    async with receiving(status, status) as receiver:
        assert await tell(receiver, tmp_path) == []
    assert len(receiver.letters) == 3


async def test_what_nobody_takes_is_laid_aside_after_so_many_tries(tmp_path):
    async with receiving(*[500] * 10) as receiver:
        (letter,) = await tell(receiver, tmp_path)
    assert len(receiver.letters) == 4
    assert json.loads(letter) == {"alert_id": "usage-0-7"}


@pytest.mark.parametrize("status", [400, 404, 301])
async def test_what_is_refused_for_good_is_not_sent_again(tmp_path, status):
    async with receiving(status) as receiver:
        assert len(await tell(receiver, tmp_path)) == 1
    assert len(receiver.letters) == 1


async def test_a_receiver_that_is_not_there_is_no_receiver(tmp_path):
    async with receiving() as receiver:
        pass
    assert len(await tell(receiver, tmp_path)) == 1


def test_a_signature_covers_the_time_and_the_body():
    secret = Secret(SECRET)
    given = signature(secret, b"body", 1_700_000_000 * 10**9)
    assert given.startswith("t=1700000000,v1=")
    assert given != signature(secret, b"bodx", 1_700_000_000 * 10**9)
    assert given != signature(secret, b"body", 1_700_000_001 * 10**9)
    assert given != signature(Secret("another"), b"body", 1_700_000_000 * 10**9)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"webhook_urls": "http://a", "webhook_secret": ""}, "webhook_secret"),
        ({"webhook_urls": "ftp://a", "webhook_secret": "s"}, "begins with neither"),
    ],
)
def test_receivers_without_a_secret_or_of_another_kind_are_refused(fields, told):
    with pytest.raises(InvalidRequest, match=told):
        QuotaSettings.load(**fields)


async def test_watchers_get_alerts_as_they_are_raised_and_resume_where_they_stopped():
    async with serving(MemoryLog(), tick_s=0.05) as quota:
        await quota.put_limit(a_limit(1000))
        seen = []

        async def watch(after):
            request = quota_pb2.WatchAlertsRequest(after_event_number=after)
            async for response in quota.watch_alerts(request):
                seen.append(response.alert)
                if len(seen) in (1, 3):
                    return

        async with asyncio.timeout(20):
            watching = asyncio.ensure_future(watch(0))
            await spend(quota, 600)
            await watching
            await spend(quota, 400)
            await watch(seen[0].position.event_number)
        assert [alert.threshold_pct for alert in seen] == [50, 80, 100]
        answer = await quota.alerts(quota_pb2.AlertsRequest())
        assert list(answer.alerts) == seen
