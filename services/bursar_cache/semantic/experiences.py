"""What all namespaces have learned: the fold of the `cache` stream's events."""

from __future__ import annotations

from collections.abc import Iterable

from bursar.cache.v1 import cache_pb2 as contract
from bursar_cache.semantic.domain.guard_levels import GuardLevel, level_passed
from bursar_cache.semantic.domain.guards import Guard
from bursar_cache.semantic.domain.learning import Bar, Experience, Limits, bar_of

_COUNTED = frozenset({"served", "nothing_near", "below_bar", "vetoed", "shadow_check"})
_GUARDS = frozenset(Guard)

Name = tuple[str, str]
"""Tenant and namespace."""


class Experiences:
    """Changed by the fold alone, so that a replay gives the same."""

    def __init__(self, known: Iterable[tuple[Name, Experience]] = ()) -> None:
        self._by_name = dict(known)
        self._bars: dict[Name, tuple[Limits, Bar]] = {}

    def asked(self, tenant_id: str, evidence: contract.Evidence) -> None:
        """One look-up by meaning. Those that were refused teach nothing."""
        if evidence.outcome in _COUNTED:
            self._of(tenant_id, evidence).asked(evidence.similarity, level_of(evidence))

    def labelled(self, tenant_id: str, evidence: contract.Evidence, is_right: bool) -> None:
        """One answer that was compared, or judged by its reader."""
        experience = self._of(tenant_id, evidence)
        experience.labelled(evidence.similarity, level_of(evidence), is_right)
        self._bars.pop((tenant_id, evidence.namespace), None)

    def bar(self, tenant_id: str, namespace: str, limits: Limits) -> Bar:
        """What has to be passed now. Reckoned anew when a label came."""
        name = (tenant_id, namespace)
        known = self._bars.get(name)
        if known is not None and known[0] == limits:
            return known[1]
        bar = bar_of(self._by_name.get(name, Experience()), limits)
        self._bars[name] = (limits, bar)
        return bar

    def all(self) -> list[tuple[Name, Experience]]:
        """Each namespace's, to be kept."""
        return list(self._by_name.items())

    def _of(self, tenant_id: str, evidence: contract.Evidence) -> Experience:
        return self._by_name.setdefault((tenant_id, evidence.namespace), Experience())


def level_of(evidence: contract.Evidence) -> GuardLevel:
    """The strictest guards that the pair passes. A guard that this version does not know counts as
    one about facts.
    """
    vetoes = evidence.vetoes
    if not _GUARDS.issuperset(vetoes):
        return GuardLevel.NONE
    return level_passed(map(Guard, vetoes))
