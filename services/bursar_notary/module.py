"""The notary's row in the table of services."""

from __future__ import annotations

from bursar.eventlog.checkpointing import CheckpointTerms
from bursar.eventlog.stream import signed_streams
from bursar.wiring.module import Ground, Module, Peers
from bursar_notary.service import NotaryService
from bursar_notary.settings import NotarySettings


def build(ground: Ground, peers: Peers) -> NotaryService:
    """It asks nobody, and nobody asks it."""
    settings = NotarySettings.load()
    return NotaryService(
        ground.log,
        signed_streams(ground.usage_partitions),
        settings.directory or ground.data_dir / "notary",
        CheckpointTerms(settings.frames_max, settings.interval_s, ground.clock),
    )


MODULE = Module("notary", needs=(), build=build)
