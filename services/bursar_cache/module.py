"""The cache's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar_cache.claim_register import ClaimRegister
from bursar_cache.claims_afar import ClaimsAfar
from bursar_cache.service import CacheService
from bursar_cache.settings import CacheSettings


def build(ground: Ground, peers: Peers) -> CacheService:
    """It needs no other service; with replicas it claims among them."""
    address, afar = peers.own_address, None
    if ground.leases is not None:
        register = ClaimRegister(ground.leases, address)
        afar = ClaimsAfar(register, address, lambda other: peers.at("cache", other))
    return CacheService(ground, CacheSettings.load(), address, afar)


MODULE = Module("cache", needs=(), build=build)
