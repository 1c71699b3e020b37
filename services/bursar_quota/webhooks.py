"""Signed requests that tell of alerts: tried again with back-off, then laid aside.

The signature is that of the body with the time it was sent: a receiver checks
`HMAC-SHA256(secret, "<seconds>.<body>")` against `v1` of the header `Bursar-Signature: t=<seconds>,
v1=<hex>`, and refuses what is older than it likes.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bursar.durable_files import make_private_directory, storage_errors
from bursar.errors import BursarError
from bursar.secret import Secret
from bursar_quota.settings import QuotaSettings

if TYPE_CHECKING:
    import aiohttp  # loaded when there is somebody to tell

SIGNATURE_HEADER = "Bursar-Signature"
ID_HEADER = "Bursar-Alert-Id"
DEAD_LETTERS_BYTES_MAX = 16 * 1024 * 1024
_TOO_MANY_REQUESTS, _REQUEST_TIMEOUT, _SERVER_ERRORS = 429, 408, 500
_REDIRECTS = 300

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Persistence:
    """How often and how long a request is tried."""

    attempts: int = 8
    timeout_s: float = 300.0
    first_wait_s: float = 0.5
    wait_max_s: float = 60.0
    answer_s: float = 5.0


class _TryAgain(Exception):
    """The receiver did not take it this time."""


class _Refused(Exception):
    """The receiver will never take it."""


class Webhooks:
    """Tells every receiver of each alert. `dead_letters`: where what nobody took is laid aside."""

    def __init__(
        self,
        urls: tuple[str, ...],
        secret: Secret,
        dead_letters: Path | None,
        clock: Callable[[], int],
        persistence: Persistence | None = None,
    ) -> None:
        self.urls = urls
        self._secret = secret
        self._dead_letters = dead_letters
        self._clock = clock
        self._persistence = persistence or Persistence()

    async def tell(
        self, session: aiohttp.ClientSession, url: str, alert_id: str, body: bytes
    ) -> None:
        """Returns when the receiver took it, or when it was laid aside."""
        import aiohttp
        import stamina

        terms = self._persistence
        try:
            async for attempt in stamina.retry_context(
                on=(_TryAgain, aiohttp.ClientError, TimeoutError),
                attempts=terms.attempts,
                timeout=terms.timeout_s,
                wait_initial=terms.first_wait_s,
                wait_max=terms.wait_max_s,
                wait_jitter=terms.first_wait_s,
            ):
                with attempt:
                    await self._post(session, url, alert_id, body)
        except (_TryAgain, _Refused, aiohttp.ClientError, TimeoutError) as error:
            _logger.error("alert %s was not taken by %s: %s", alert_id, url, error)
            self._lay_aside(alert_id, body)

    async def _post(
        self, session: aiohttp.ClientSession, url: str, alert_id: str, body: bytes
    ) -> None:
        from aiohttp import ClientTimeout

        headers = {
            "Content-Type": "application/json",
            ID_HEADER: alert_id,
            SIGNATURE_HEADER: signature(self._secret, body, self._clock()),
        }
        timeout = ClientTimeout(total=self._persistence.answer_s)
        async with session.post(
            url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as answer:
            status = answer.status
        if status in (_TOO_MANY_REQUESTS, _REQUEST_TIMEOUT) or status >= _SERVER_ERRORS:
            raise _TryAgain(f"it answered {status}")
        if status >= _REDIRECTS:
            raise _Refused(f"it answered {status}")

    def _lay_aside(self, alert_id: str, body: bytes) -> None:
        """One line a letter; the file is begun anew, and the one before kept, when it is large."""
        path = self._dead_letters
        if path is None:
            return
        try:
            make_private_directory(path.parent)
            with storage_errors(path):
                if path.exists() and path.stat().st_size > DEAD_LETTERS_BYTES_MAX:
                    path.replace(path.with_suffix(".1.jsonl"))
                with path.open("ab") as file:
                    file.write(body.replace(b"\n", b" ") + b"\n")
        except BursarError as error:
            _logger.error("alert %s could not be laid aside: %s", alert_id, error.message)


def webhooks_of(settings: QuotaSettings, folder: Path | None, clock: Callable[[], int]) -> Webhooks:
    """Those that are set; what nobody takes is laid aside in the folder, if there is one."""
    return Webhooks(
        tuple(settings.webhook_urls.split()),
        Secret(settings.webhook_secret.get_secret_value()),
        None if folder is None else folder / "dead-letters.jsonl",
        clock,
        Persistence(attempts=settings.webhook_attempts),
    )


def signature(secret: Secret, body: bytes, at_ns: int) -> str:
    """The value of the header for a body that is sent at that time."""
    sent_at_s = at_ns // 1_000_000_000
    digest = hmac.new(secret.reveal(), f"{sent_at_s}.".encode() + body, sha256).hexdigest()
    return f"t={sent_at_s},v1={digest}"
