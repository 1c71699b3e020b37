"""Signs the heads of all streams for as long as it runs. Nobody asks it anything."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from bursar.durable_files import make_private_directory
from bursar.errors import BursarError, LogBroken
from bursar.eventlog.checkpointing import Checkpointer, CheckpointTerms
from bursar.eventlog.log import EventLog
from bursar.eventlog.signing import publish_key, signing_key
from bursar.eventlog.stream import StreamId

KEY_FILE = "signing-key.pem"
PUBLIC_KEY_FILE = "public-key.pem"

_logger = logging.getLogger(__name__)


class NotaryService:
    """The wiring's Service around a `Checkpointer`. Its key is in `directory`, made when missing.

    It never ends its process: what it cannot sign shows in the log of the process, and as
    checkpoints that are missing.
    """

    def __init__(
        self, log: EventLog, streams: Sequence[StreamId], directory: Path, terms: CheckpointTerms
    ) -> None:
        self._log = log
        self._streams = streams
        self._directory = directory
        self._terms = terms

    async def run(self) -> None:
        """Raises FailedPrecondition for a key that cannot be read or made."""
        make_private_directory(self._directory)
        key = signing_key(self._directory / KEY_FILE)
        publish_key(key, self._directory / PUBLIC_KEY_FILE)
        try:
            await Checkpointer(self._log, self._streams, key, self._terms).run()
        except* LogBroken as broken:
            _logger.critical("nothing is signed any more: %s", _first_of(broken).message)

    async def ready(self) -> None:
        """At once: nothing waits for a signature."""

    async def drain(self) -> None:
        """Nothing is in flight: what is not signed yet, the next start signs."""


def _first_of(group: BaseExceptionGroup[LogBroken]) -> BursarError:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
