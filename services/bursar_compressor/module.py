"""The compressor's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar_compressor.service import CompressorService
from bursar_compressor.settings import CompressorSettings


def build(ground: Ground, peers: Peers) -> CompressorService:
    """It needs no other service."""
    return CompressorService(ground, CompressorSettings.load())


MODULE = Module("compressor", needs=(), build=build)
