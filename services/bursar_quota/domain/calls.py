"""Who a call is made for and where it goes: what limits select on."""

from __future__ import annotations

from msgspec import Struct

from bursar_quota.domain.families import family_of

Labels = tuple[tuple[str, str], ...]

TENANT_DEFAULT = "default"  # who everyone is on loopback without keys

# The order of `axis_values`; labels are apart, as a call may have any.
AXES = (
    "tenant_id",
    "team_id",
    "user_id",
    "key_id",
    "task_id",
    "agent_id",
    "provider",
    "model",
    "tier",
    "account_id",
    "model_family",
)
AxisValues = tuple[str, str, str, str, str, str, str, str, int, str, str]


class Attribution(Struct, frozen=True, gc=False, array_like=True, cache_hash=True):
    """As in the contract; an empty field is not there, but the tenant always is. Labels sorted.

    Which call it is stands in its origin, so that calls alike share one.
    """

    tenant_id: str = TENANT_DEFAULT
    team_id: str = ""
    user_id: str = ""
    key_id: str = ""
    task_id: str = ""
    agent_id: str = ""
    labels: Labels = ()


class Target(Struct, frozen=True, gc=False, array_like=True, cache_hash=True):
    """As in the contract; tier 0 is not there."""

    provider: str = ""
    model: str = ""
    tier: int = 0
    account_id: str = ""


class Origin(Struct, frozen=True, gc=False, array_like=True):
    """Whose fact an event is, of which task and call, and what led to it."""

    tenant_id: str = ""
    task_id: str = ""
    call_id: str = ""
    cause_id: str = ""


NOBODYS = Origin()


def axis_values(attribution: Attribution, target: Target) -> AxisValues:
    """What the call has on each axis, in the order of AXES."""
    return (
        attribution.tenant_id,
        attribution.team_id,
        attribution.user_id,
        attribution.key_id,
        attribution.task_id,
        attribution.agent_id,
        target.provider,
        target.model,
        target.tier,
        target.account_id,
        family_of(target.model),
    )
