"""How wrong a share may be that was counted on a sample."""

from __future__ import annotations

from math import sqrt

# One-sided 95 %.
Z = 1.6449


def wilson_upper(wrong: int, labels: int) -> float:
    """The upper end of Wilson's interval for the share of wrong ones; 1 without labels.

    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference,
    JASA 22 (1927), one-sided.
    """
    if not labels:
        return 1.0
    share = wrong / labels
    spread = Z * sqrt(share * (1 - share) / labels + Z * Z / (4 * labels * labels))
    return min(1.0, (share + Z * Z / (2 * labels) + spread) / (1 + Z * Z / labels))
