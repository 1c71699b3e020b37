"""The cache's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar_cache.service import CacheService
from bursar_cache.settings import CacheSettings


def build(ground: Ground, peers: Peers) -> CacheService:
    """It needs no other service."""
    return CacheService(ground, CacheSettings.load())


MODULE = Module("cache", needs=(), build=build)
