"""Sends alerts out: to the process' log, as OpenTelemetry log records, and to webhooks.

By the replica that leads alone, and never in the way of an order. Each alert goes out at least
once: where it stopped is kept in a file, and who has none begins with those of the last hour.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.json_format import MessageToJson

from bursar.durable_files import make_private_directory, replace_file
from bursar.errors import BursarError
from bursar.quota.v1 import quota_pb2
from bursar.telemetry import records
from bursar_quota.domain.state import NS_PER_HOUR
from bursar_quota.webhooks import Webhooks

if TYPE_CHECKING:
    from aiohttp import ClientSession  # loaded when there is somebody to tell

LETTERS_AT_ONCE_MAX = 16
AGAIN_S = 5.0

Send = Callable[[quota_pb2.Alert], Awaitable[None]]

_logger = logging.getLogger(__name__)


class AlertDelivery:
    """`watch` gives the alerts after an event's number, as long as this process leads."""

    def __init__(
        self,
        watch: Callable[[int], AsyncIterator[quota_pb2.Alert]],
        webhooks: Webhooks,
        cursor: Path | None,
        clock: Callable[[], int],
    ) -> None:
        self._watch = watch
        self._webhooks = webhooks
        self._cursor = cursor
        self._clock = clock
        self._newest = 0
        self._under_way: list[int] = []  # events of letters
        self._room = asyncio.Semaphore(LETTERS_AT_ONCE_MAX)

    async def run(self) -> None:
        """Until cancelled."""
        async with self._session() as session, asyncio.TaskGroup() as letters:
            while True:
                try:
                    await self._follow(self._sending(session, letters))
                except BursarError:
                    await asyncio.sleep(AGAIN_S)  # another leads, or the log does not answer

    async def _follow(self, send: Send) -> None:
        delivered = self._delivered()
        begun_ns = 0 if delivered else self._clock() - NS_PER_HOUR
        async with aclosing(self._watch(delivered)) as alerts:  # type: ignore[type-var]
            async for alert in alerts:
                self._newest = alert.position.event_number
                if alert.at_ns >= begun_ns:
                    _tell(alert)
                    await send(alert)
                self._keep()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[ClientSession | None]:
        """None where there is nobody to tell."""
        if not self._webhooks.urls:
            yield None
            return
        from aiohttp import ClientSession

        async with ClientSession() as session:
            yield session

    def _sending(self, session: ClientSession | None, letters: asyncio.TaskGroup) -> Send:
        """What sends a letter to each receiver. Letters that nobody takes hold up later letters,
        and nothing else.
        """
        if session is None:
            return _to_nobody

        async def deliver(url: str, alert: quota_pb2.Alert) -> None:
            body = MessageToJson(alert, preserving_proto_field_name=True, indent=None).encode()
            try:
                await self._webhooks.tell(session, url, alert.alert_id, body)
            finally:
                self._room.release()
            self._under_way.remove(alert.position.event_number)
            self._keep()

        async def send(alert: quota_pb2.Alert) -> None:
            for url in self._webhooks.urls:
                await self._room.acquire()
                self._under_way.append(alert.position.event_number)
                letters.create_task(deliver(url, alert))

        return send

    def _delivered(self) -> int:
        if self._cursor is None or not self._cursor.exists():
            return 0
        text = self._cursor.read_text("ascii", errors="replace").strip()
        return int(text) if text.isdigit() else 0

    def _keep(self) -> None:
        """All before the oldest letter under way are delivered."""
        if self._cursor is None:
            return
        delivered = min([self._newest + 1, *self._under_way]) - 1
        try:
            make_private_directory(self._cursor.parent)
            replace_file(self._cursor, str(delivered).encode())
        except BursarError as error:
            _logger.warning("what was delivered is not kept: %s", error.message)


async def _to_nobody(alert: quota_pb2.Alert) -> None:
    """Where there is no receiver."""


def _tell(alert: quota_pb2.Alert) -> None:
    limit = alert.level.limit
    _logger.warning("%s: %s", alert.kind, alert.message)
    records.emit(
        f"bursar.quota.{alert.kind}",
        alert.message,
        {
            "bursar.alert_id": alert.alert_id,
            "bursar.limit_id": limit.limit_id,
            "bursar.tenant_id": limit.selector.tenant_id,
            "gen_ai.provider.name": alert.provider,
            "bursar.resource": alert.resource,
            "bursar.usage_pct": alert.usage_pct,
            "bursar.threshold_pct": alert.threshold_pct,
        },
        at_ns=alert.at_ns,
    )
