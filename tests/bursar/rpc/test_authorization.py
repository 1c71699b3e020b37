"""The one table of what callers may ask."""

import pytest

from bursar.cache.v1 import cache_pb2
from bursar.clients.remote import CONTRACTS
from bursar.errors import Forbidden
from bursar.executor.v1 import executor_pb2
from bursar.identity import Caller, Scope
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.rpc.authorization import LOCAL, RULES

METHODS = {method.full_name for contract in CONTRACTS.values() for method in contract.methods}
QUOTA = "bursar.quota.v1.QuotaService"


def caller(*scopes: Scope) -> Caller:
    return Caller("key:k1", "acme", "user_ann", "payments", "k1", None, frozenset(scopes))


def exchange(tenant_id: str, name: str) -> str:
    return name if name.startswith("user_") else f"user_{name}"


def admitted(method: str, request, who: Caller):
    RULES[method](request, who, exchange)
    return request


def reserve(**attribution: str) -> quota_pb2.ReserveRequest:
    return quota_pb2.ReserveRequest(attribution=ledger_pb2.Attribution(**attribution))


def put_limit(limit_id: str = "", **selector: str) -> quota_pb2.PutLimitRequest:
    limit = quota_pb2.Limit(limit_id=limit_id, selector=quota_pb2.Selector(**selector))
    return quota_pb2.PutLimitRequest(limit=limit, author="somebody")


def test_every_method_of_every_contract_has_its_row():
    assert set(RULES) == METHODS


def test_what_an_attribution_leaves_empty_comes_from_the_key():
    found = admitted(f"{QUOTA}.Reserve", reserve(), caller()).attribution
    assert (found.tenant_id, found.team_id, found.user_id, found.key_id) == (
        "acme",
        "payments",
        "user_ann",
        "k1",
    )


def test_what_an_attribution_says_of_the_work_itself_stays():
    found = admitted(f"{QUOTA}.Reserve", reserve(task_id="t1", agent_id="a1"), caller())
    assert (found.attribution.task_id, found.attribution.agent_id) == ("t1", "a1")


@pytest.mark.parametrize("field", ["tenant_id", "team_id", "user_id", "key_id"])
def test_another_than_the_keys_own_is_refused_and_named(field):
    with pytest.raises(Forbidden) as refused:
        admitted(f"{QUOTA}.Reserve", reserve(**{field: "user_other"}), caller())
    assert refused.value.facts["field"] == f"attribution.{field}"
    assert refused.value.facts["key_id"] == "k1"


def test_the_keys_own_may_be_named():
    named = reserve(tenant_id="acme", team_id="payments", user_id="ann", key_id="k1")
    assert admitted(f"{QUOTA}.Reserve", named, caller()).attribution.user_id == "user_ann"


def test_a_caller_for_any_tenant_is_not_mixed_into_anothers_attribution():
    who = caller(Scope.ANY_TENANT)
    found = admitted(f"{QUOTA}.Reserve", reserve(tenant_id="umbrella"), who).attribution
    assert found == ledger_pb2.Attribution(tenant_id="umbrella")


@pytest.mark.parametrize(
    ("method", "request_class"),
    [
        (f"{QUOTA}.ListLimits", quota_pb2.ListLimitsRequest),
        ("bursar.executor.v1.ExecutorService.Get", executor_pb2.GetRequest),
        ("bursar.cache.v1.CacheService.Invalidate", cache_pb2.InvalidateRequest),
    ],
)
def test_a_request_about_a_tenant_is_about_the_keys(method, request_class):
    assert admitted(method, request_class(), caller()).tenant_id == "acme"
    with pytest.raises(Forbidden):
        admitted(method, request_class(tenant_id="umbrella"), caller())
    for empty_or_not in ("", "umbrella"):
        asked = request_class(tenant_id=empty_or_not)
        assert admitted(method, asked, caller(Scope.ANY_TENANT)).tenant_id == empty_or_not


def test_a_report_of_levels_leaves_open_what_is_left_empty():
    asked = quota_pb2.UsageRequest()
    found = admitted(f"{QUOTA}.Usage", asked, caller()).attribution
    assert found == ledger_pb2.Attribution(tenant_id="acme")


def test_limits_need_their_scope():
    for method, request in (
        ("PutLimit", put_limit()),
        ("DeleteLimit", quota_pb2.DeleteLimitRequest()),
    ):
        with pytest.raises(Forbidden) as refused:
            admitted(f"{QUOTA}.{method}", request, caller())
        assert refused.value.facts["scope"] == "limits"


def test_a_limit_is_one_of_the_keys_tenant_and_its_author_is_the_caller():
    found = admitted(f"{QUOTA}.PutLimit", put_limit(user_id="bob"), caller(Scope.LIMITS))
    assert (found.limit.selector.tenant_id, found.limit.selector.user_id) == ("acme", "user_bob")
    assert found.author == "user_ann"
    with pytest.raises(Forbidden):
        admitted(f"{QUOTA}.PutLimit", put_limit(tenant_id="umbrella"), caller(Scope.LIMITS))


@pytest.mark.parametrize("limit_id", ["tenant/umbrella/requests/day", "total/requests/day", "x"])
def test_limits_of_others_cannot_be_named(limit_id):
    who = caller(Scope.LIMITS)
    with pytest.raises(Forbidden):
        admitted(f"{QUOTA}.PutLimit", put_limit(limit_id), who)
    with pytest.raises(Forbidden):
        admitted(f"{QUOTA}.DeleteLimit", quota_pb2.DeleteLimitRequest(limit_id=limit_id), who)


def test_limits_of_the_own_tenant_can_be_named():
    limit_id = "tenant/acme/requests/day"
    who = caller(Scope.LIMITS)
    admitted(f"{QUOTA}.PutLimit", put_limit(limit_id), who)
    admitted(f"{QUOTA}.DeleteLimit", quota_pb2.DeleteLimitRequest(limit_id=limit_id), who)


def test_without_keys_a_request_stays_as_it_is_but_for_users_names():
    named = reserve(tenant_id="acme", user_id="ann", key_id="k2")
    found = admitted(f"{QUOTA}.Reserve", named, LOCAL).attribution
    assert found == ledger_pb2.Attribution(tenant_id="acme", user_id="user_ann", key_id="k2")
    empty = admitted(f"{QUOTA}.Reserve", quota_pb2.ReserveRequest(), LOCAL)
    assert not empty.HasField("attribution")


def test_a_name_that_is_too_long_is_left_for_the_service_to_refuse():
    name = "n" * 129
    assert admitted(f"{QUOTA}.Reserve", reserve(user_id=name), LOCAL).attribution.user_id == name
