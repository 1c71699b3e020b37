"""What a caller may do besides spending for itself."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """One right. The names stand in the file of keys and never change."""

    LIMITS = "limits"  # sets and deletes limits of its tenant
    ANY_TENANT = "any_tenant"  # speaks for every tenant, as services and operators do
