"""What can be set for look-ups by meaning."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bursar_cache.semantic.domain.guard_levels import GuardLevel
from bursar_cache.semantic.domain.learning import SIMILARITY_FLOOR, Limits

_LEVELS = {
    "strict": GuardLevel.STRICT,
    "facts": GuardLevel.FACTS,
    "none": GuardLevel.NONE,
}
LEVEL_NAMES = {level: name for name, level in _LEVELS.items()}


class NamespaceSettings(BaseModel):
    """What one namespace allows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_similarity: float = Field(default=0.94, ge=SIMILARITY_FLOOR, le=1)
    wrong_per_hit_max: float = Field(default=0.05, gt=0, le=1)
    wrong_per_request_max: float = Field(default=0.02, gt=0, le=1)
    # Labels may relax the guards down to these, never below.
    guards_min: Literal["strict", "facts", "none"] = "strict"
    # True where each answer is one of a fixed set that is the same for everybody, as in a list of
    # frequent questions.
    is_closed: bool = False
    # Of what would be served, so much is answered anew to check it.
    shadow_pct: float = Field(default=4, ge=0, le=100)

    @property
    def limits(self) -> Limits:
        """As the rules take them."""
        return Limits(
            self.start_similarity,
            self.wrong_per_hit_max,
            self.wrong_per_request_max,
            _LEVELS[self.guards_min],
        )


class SemanticSettings(BaseModel):
    """`semantic` in the section `cache` of the file; BURSAR_CACHE_SEMANTIC as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Opted in whatever the strategy; `aggressive` is for every tenant.
    tenants: tuple[str, ...] = ()
    entries_max: int = Field(default=200_000, ge=1)
    namespaces: dict[str, NamespaceSettings] = {}

    def of(self, namespace: str) -> NamespaceSettings:
        """A namespace's own, or the defaults."""
        return self.namespaces.get(namespace, NamespaceSettings())
