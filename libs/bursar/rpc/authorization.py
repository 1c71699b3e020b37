"""What a caller may ask of each method, and what is filled in from its key: one table.

A request is for the tenant, team, user and key of its caller: what it leaves empty is filled in,
another than its own is refused. Scopes widen that. Users' names become pseudonyms here, whoever
calls. Where no keys are asked for, every caller is the `LOCAL` one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from google.protobuf.message import Message

from bursar.cache.v1 import cache_pb2
from bursar.errors import Forbidden
from bursar.identity import LOCAL_TENANT, Caller, Scope
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2

# A longer name is left for the service to refuse: the table of names takes only what may be one.
NAME_CHARACTERS_MAX = 128

LOCAL = Caller(
    principal="local",
    tenant_id="",
    user_id="",
    team_id="",
    key_id="",
    deadline_ns=None,
    scopes=frozenset(Scope),
)

# The pseudonym of a tenant's user.
Exchange = Callable[[str, str], str]
# Each takes the requests of its own kind, the caller and the exchange; raises Forbidden.
Rule = Callable[..., None]


class _Attributed(Protocol):
    @property
    def attribution(self) -> ledger_pb2.Attribution: ...


class _OfTenant(Protocol):
    tenant_id: str


def _for_anyone(request: Message, caller: Caller, exchange: Exchange) -> None:
    """Nothing in it belongs to a tenant."""


def _by_reservation(request: Message, caller: Caller, exchange: Exchange) -> None:
    """Who knows a reservation's id made it: the ids are random, 128 bits of them."""


def _by_token(request: Message, caller: Caller, exchange: Exchange) -> None:
    """Who knows a claim's token has the claim: tokens are random, 128 bits of them."""


def _for_tenant(request: _OfTenant, caller: Caller, exchange: Exchange) -> None:
    request.tenant_id = _tenant("tenant_id", request.tenant_id, caller)


def _for_attribution(request: _Attributed, caller: Caller, exchange: Exchange) -> None:
    attribution = request.attribution
    _exchange_user(attribution, caller, exchange)
    if not caller.tenant_id:
        return  # services and local callers have nothing that could be filled in
    if attribution.tenant_id not in ("", caller.tenant_id):
        _need(caller, Scope.ANY_TENANT, "attribution.tenant_id", attribution.tenant_id)
        return
    for field in ("tenant_id", "team_id", "user_id", "key_id"):
        own = getattr(caller, field)
        named = getattr(attribution, field)
        if not named and own:
            setattr(attribution, field, own)
        elif named != own:
            _need(caller, Scope.ANY_TENANT, f"attribution.{field}", named)


def _for_each_lookup(
    request: cache_pb2.LookupManyRequest, caller: Caller, exchange: Exchange
) -> None:
    for lookup in request.lookups:
        _for_attribution(lookup, caller, exchange)


def _for_lookup(
    request: cache_pb2.LookupByMeaningRequest | cache_pb2.ClaimRequest | cache_pb2.AwaitRequest,
    caller: Caller,
    exchange: Exchange,
) -> None:
    _for_attribution(request.lookup, caller, exchange)


def _for_each_attribution(
    request: quota_pb2.ReserveManyRequest | quota_pb2.RecordUsageManyRequest,
    caller: Caller,
    exchange: Exchange,
) -> None:
    for order in request.orders:
        _for_attribution(order, caller, exchange)


def _for_each_operation(
    request: quota_pb2.SessionRequest, caller: Caller, exchange: Exchange
) -> None:
    """As each order by itself; those that name a reservation need no more than its id."""
    for operation in request.operations:
        match operation.WhichOneof("order"):
            case "reserve":
                _for_attribution(operation.reserve, caller, exchange)
            case "record_usage":
                _for_attribution(operation.record_usage, caller, exchange)
            case "adjust":
                _adjusts(operation.adjust, caller, exchange)


def _about_tenant(request: _Attributed, caller: Caller, exchange: Exchange) -> None:
    """An empty field of the attribution leaves open, so only the tenant is filled in."""
    attribution = request.attribution
    _exchange_user(attribution, caller, exchange)
    tenant_id = _tenant("attribution.tenant_id", attribution.tenant_id, caller)
    if tenant_id != attribution.tenant_id:
        attribution.tenant_id = tenant_id


def _plans_many(request: planner_pb2.PlanManyRequest, caller: Caller, exchange: Exchange) -> None:
    for one in request.requests:
        _for_attribution(one, caller, exchange)


def _puts_limit(request: quota_pb2.PutLimitRequest, caller: Caller, exchange: Exchange) -> None:
    _need(caller, Scope.LIMITS)
    _own_limit("limit", request.limit, caller, exchange)
    request.author = _author(request.author, caller, exchange)


def _applies_limits(
    request: quota_pb2.ApplyLimitsRequest, caller: Caller, exchange: Exchange
) -> None:
    if not request.is_dry_run:
        _need(caller, Scope.LIMITS)
    request.tenant_id = _tenant("tenant_id", request.tenant_id, caller)
    for place, limit in enumerate(request.limits):
        _own_limit(f"limits[{place}]", limit, caller, exchange)
    request.author = _author(request.author, caller, exchange)


def _adjusts(request: quota_pb2.AdjustRequest, caller: Caller, exchange: Exchange) -> None:
    """Who may set limits may correct what counts on them, for the whole tenant."""
    _need(caller, Scope.LIMITS)
    _about_tenant(request, caller, exchange)
    request.author = _author(request.author, caller, exchange)


def _own_limit(field: str, limit: quota_pb2.Limit, caller: Caller, exchange: Exchange) -> None:
    selector = limit.selector
    tenant_id = _tenant(f"{field}.selector.tenant_id", selector.tenant_id, caller)
    if tenant_id:
        selector.tenant_id = tenant_id
    if selector.user_id:
        selector.user_id = _user(tenant_id, selector.user_id, exchange)
    if limit.limit_id:
        _check_limit_id(f"{field}.limit_id", limit.limit_id, caller)


def _deletes_limit(
    request: quota_pb2.DeleteLimitRequest, caller: Caller, exchange: Exchange
) -> None:
    _need(caller, Scope.LIMITS)
    _check_limit_id("limit_id", request.limit_id, caller)
    request.author = _author(request.author, caller, exchange)


RULES: dict[str, Rule] = {
    "bursar.cache.v1.CacheService.Lookup": _for_attribution,
    "bursar.cache.v1.CacheService.LookupMany": _for_each_lookup,
    "bursar.cache.v1.CacheService.LookupByMeaning": _for_lookup,
    "bursar.cache.v1.CacheService.Claim": _for_lookup,
    "bursar.cache.v1.CacheService.Await": _for_lookup,
    "bursar.cache.v1.CacheService.Advance": _by_token,
    "bursar.cache.v1.CacheService.Feedback": _for_attribution,
    "bursar.cache.v1.CacheService.Store": _for_attribution,
    "bursar.cache.v1.CacheService.Invalidate": _for_tenant,
    "bursar.cache.v1.CacheService.Stats": _for_tenant,
    "bursar.compressor.v1.CompressorService.Compress": _for_attribution,
    "bursar.compressor.v1.CompressorService.Restore": _for_tenant,
    "bursar.compressor.v1.CompressorService.Count": _for_anyone,
    "bursar.compressor.v1.CompressorService.Fit": _for_attribution,
    "bursar.compressor.v1.CompressorService.AddContext": _for_tenant,
    "bursar.compressor.v1.CompressorService.BuildPrompt": _for_tenant,
    "bursar.compressor.v1.CompressorService.Diff": _for_tenant,
    "bursar.efficiency.v1.EfficiencyService.Report": _for_tenant,
    "bursar.efficiency.v1.EfficiencyService.Watch": _for_tenant,
    "bursar.efficiency.v1.EfficiencyService.Audit": _for_tenant,
    "bursar.executor.v1.ExecutorService.Generate": _for_attribution,
    "bursar.executor.v1.ExecutorService.Submit": _for_attribution,
    "bursar.executor.v1.ExecutorService.Watch": _for_tenant,
    "bursar.executor.v1.ExecutorService.Get": _for_tenant,
    "bursar.executor.v1.ExecutorService.Cancel": _for_tenant,
    "bursar.executor.v1.ExecutorService.List": _for_tenant,
    "bursar.executor.v1.ExecutorService.Approve": _for_tenant,
    "bursar.executor.v1.ExecutorService.Backends": _for_anyone,
    "bursar.planner.v1.PlannerService.Plan": _for_attribution,
    "bursar.planner.v1.PlannerService.PlanMany": _plans_many,
    "bursar.planner.v1.PlannerService.Explain": _for_tenant,
    "bursar.planner.v1.PlannerService.Feedback": _for_tenant,
    "bursar.planner.v1.PlannerService.Simulate": _for_tenant,
    "bursar.planner.v1.PlannerService.Policies": _for_anyone,
    "bursar.quota.v1.QuotaService.PutLimit": _puts_limit,
    "bursar.quota.v1.QuotaService.DeleteLimit": _deletes_limit,
    "bursar.quota.v1.QuotaService.ListLimits": _for_tenant,
    "bursar.quota.v1.QuotaService.ApplyLimits": _applies_limits,
    "bursar.quota.v1.QuotaService.Check": _for_attribution,
    "bursar.quota.v1.QuotaService.Explain": _for_attribution,
    "bursar.quota.v1.QuotaService.Alerts": _for_tenant,
    "bursar.quota.v1.QuotaService.WatchAlerts": _for_tenant,
    "bursar.quota.v1.QuotaService.Forecast": _about_tenant,
    "bursar.quota.v1.QuotaService.Reserve": _for_attribution,
    "bursar.quota.v1.QuotaService.Dispatch": _by_reservation,
    "bursar.quota.v1.QuotaService.TopUp": _by_reservation,
    "bursar.quota.v1.QuotaService.Extend": _by_reservation,
    "bursar.quota.v1.QuotaService.Settle": _by_reservation,
    "bursar.quota.v1.QuotaService.Release": _by_reservation,
    "bursar.quota.v1.QuotaService.RecordUsage": _for_attribution,
    "bursar.quota.v1.QuotaService.Adjust": _adjusts,
    "bursar.quota.v1.QuotaService.Usage": _about_tenant,
    "bursar.quota.v1.QuotaService.ReserveMany": _for_each_attribution,
    "bursar.quota.v1.QuotaService.DispatchMany": _by_reservation,
    "bursar.quota.v1.QuotaService.SettleMany": _by_reservation,
    "bursar.quota.v1.QuotaService.ReleaseMany": _by_reservation,
    "bursar.quota.v1.QuotaService.RecordUsageMany": _for_each_attribution,
    "bursar.quota.v1.QuotaService.Session": _for_each_operation,
}


def _tenant(field: str, named: str, caller: Caller) -> str:
    """The tenant a request is for. Empty stays empty for who may speak for all."""
    if Scope.ANY_TENANT in caller.scopes or named == caller.tenant_id:
        return named
    if named:
        _need(caller, Scope.ANY_TENANT, field, named)
    return caller.tenant_id


def _need(caller: Caller, scope: Scope, field: str = "", named: str = "") -> None:
    if scope in caller.scopes:
        return
    facts = {"scope": str(scope), "key_id": caller.key_id}
    if field:
        raise Forbidden(
            f"{field}: {named!r} is not this key's own; leave it empty, or use a key with the scope"
            f" {scope}",
            facts={**facts, "field": field},
        )
    raise Forbidden(
        f"this needs a key with the scope {scope}; ask an operator for one", facts=facts
    )


def _check_limit_id(field: str, limit_id: str, caller: Caller) -> None:
    """A tenant's own limits are those whose ids begin with its name, as made ids do."""
    own = f"tenant/{caller.tenant_id}/"
    if limit_id.startswith(own) and "/" not in caller.tenant_id:
        return
    _need(caller, Scope.ANY_TENANT, field, limit_id)


def _author(named: str, caller: Caller, exchange: Exchange) -> str:
    """Whoever calls by a key of its own is the author, whatever the request says."""
    if caller.user_id:
        return caller.user_id
    return _user(caller.tenant_id, named, exchange)


def _exchange_user(attribution: ledger_pb2.Attribution, caller: Caller, exchange: Exchange) -> None:
    named = attribution.user_id
    if named:
        attribution.user_id = _user(attribution.tenant_id or caller.tenant_id, named, exchange)


def _user(tenant_id: str, named: str, exchange: Exchange) -> str:
    if len(named) > NAME_CHARACTERS_MAX:
        return named
    return exchange(tenant_id or LOCAL_TENANT, named)
