"""Which of several prices a model's name picks: the fullest name wins, then the newest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bursar.prices.rows import PriceRow


@dataclass(frozen=True, slots=True)
class PatternRow:
    """A row for every model whose name is `model`, or begins with it when it ends in `*`.

    `provider` is None when the row holds for all. Names are compared without regard to case.
    """

    provider: str | None
    model: str
    row: PriceRow

    def fits(self, provider: str | None, model: str, at_ns: int) -> bool:
        """Whether the row is meant for that call and held at that time."""
        is_provider = self.provider is None or provider is None or self.provider == provider
        if self.model.endswith("*"):
            is_model = model.startswith(self.model[:-1])
        else:
            is_model = model == self.model
        from_ns = self.row.effective_from_ns
        return is_provider and is_model and (from_ns is None or at_ns >= from_ns)

    @property
    def precedence(self) -> tuple[bool, int, bool, int]:
        """Whole names first, then longer beginnings, then named providers, then the newest."""
        return (
            not self.model.endswith("*"),
            len(self.model),
            self.provider is not None,
            self.row.effective_from_ns or 0,
        )


def pick(
    rows: Iterable[PatternRow], provider: str | None, model: str, at_ns: int
) -> PriceRow | None:
    """The row of highest precedence that fits; of equals, the one that stands last."""
    wanted_provider = provider.lower() if provider is not None else None
    wanted_model = model.lower()
    best: PatternRow | None = None
    for candidate in rows:
        if candidate.fits(wanted_provider, wanted_model, at_ns) and (
            best is None or candidate.precedence >= best.precedence
        ):
            best = candidate
    return None if best is None else best.row
