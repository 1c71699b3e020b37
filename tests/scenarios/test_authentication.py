"""Keys over real gRPC: who is let in, as whom, and how services know each other."""

import asyncio
from contextlib import asynccontextmanager
from time import time_ns

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from bursar.clients.remote import REMOTES
from bursar.errors import Forbidden, Unauthenticated
from bursar.identity import ApiKeys, KeyHolder, Keyring, Scope, service_key
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2, quota_pb2_grpc
from bursar.rpc.calling import channel_to
from bursar.secret import Secret
from bursar.wiring.ground import entrance_of
from bursar.wiring.peers import ProcessPeers
from bursar.wiring.process import ProcessPlan, running
from bursar.wiring.settings import ProcessSettings
from bursar_quota.module import MODULE as QUOTA
from memory_ground import memory_ground


class Installation:
    """One keyring, its keys, and quota behind an entrance that asks for them."""

    def __init__(self, data_dir, address: str) -> None:
        self.address = address
        self.keyring = Keyring.open(data_dir)
        self.keys = ApiKeys.open(data_dir, self.keyring)

    def key(self, tenant: str = "acme", *scopes: Scope) -> Secret:
        return self.keys.issue(
            KeyHolder(tenant, "ann", "payments", frozenset(scopes)), time_ns()
        ).text

    @asynccontextmanager
    async def quota(self, key: Secret | None):
        channel = channel_to(self.address, key)
        try:
            yield REMOTES["quota"](channel)
        finally:
            await channel.close()


@pytest.fixture
async def installation(tmp_path):
    settings = ProcessSettings(data_dir=tmp_path, authentication="keys")
    ground = memory_ground(tmp_path)
    plan = ProcessPlan([QUOTA], entrance=entrance_of(settings, ground))
    async with running(plan, ground) as process:
        yield Installation(tmp_path, process.address)


def reserve(**attribution: str) -> quota_pb2.ReserveRequest:
    return quota_pb2.ReserveRequest(
        attribution=ledger_pb2.Attribution(**attribution),
        target=ledger_pb2.Target(provider="anthropic", model="m"),
        amounts=ledger_pb2.Amounts(requests=1),
    )


def limit(amount: int, **selector: str) -> quota_pb2.PutLimitRequest:
    return quota_pb2.PutLimitRequest(
        limit=quota_pb2.Limit(
            selector=quota_pb2.Selector(**selector),
            meter=quota_pb2.METER_REQUESTS,
            window=quota_pb2.WINDOW_DAY,
            amount=amount,
        )
    )


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", "Bearer bsr_0000000000000000_" + "0" * 52),),
        (("authorization", "Bearer bsr_service_" + "0" * 52),),
        (("authorization", "Basic YTpi"),),
        (("authorization", "bsr_"),),
    ],
)
async def test_without_a_key_that_is_known_nobody_comes_in(installation, metadata):
    async with grpc.aio.insecure_channel(installation.address) as channel:
        stub = quota_pb2_grpc.QuotaServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Reserve(reserve(), metadata=metadata)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(refused.value).details[0].Unpack(info)
    assert (info.reason, info.domain) == ("UNAUTHENTICATED", "bursar")


async def test_a_revoked_key_is_refused_within_a_second(installation):
    issued = installation.keys.issue(KeyHolder("acme", "ann"), time_ns())
    async with installation.quota(issued.text) as quota:
        await quota.reserve(reserve())
        installation.keys.revoke(issued.key.key_id, time_ns())
        with pytest.raises(Unauthenticated):
            async with asyncio.timeout(10):
                while True:
                    await quota.reserve(reserve())


async def test_calls_are_of_the_keys_tenant_team_user_and_key(installation):
    issued = installation.keys.issue(KeyHolder("acme", "ann", "payments"), time_ns())
    user_id = installation.keyring.pseudonym("acme", "user", "ann")
    async with installation.quota(service_key(installation.keyring)) as operator:
        for selector in (
            {"tenant_id": "acme"},
            {"team_id": "payments"},
            {"user_id": user_id},
            {"key_id": issued.key.key_id},
        ):
            await operator.put_limit(limit(10, **selector))
        async with installation.quota(issued.text) as quota:
            await quota.reserve(reserve())
        levels = (await operator.list_limits(quota_pb2.ListLimitsRequest())).levels
    assert [level.held for level in levels] == [1, 1, 1, 1]


async def test_another_tenant_is_refused(installation):
    async with installation.quota(installation.key("acme")) as quota:
        with pytest.raises(Forbidden) as refused:
            await quota.reserve(reserve(tenant_id="umbrella"))
    assert refused.value.facts["field"] == "attribution.tenant_id"


async def test_a_tenants_own_limits_are_set_with_the_scope_and_seen_by_it_alone(installation):
    async with installation.quota(installation.key("acme", Scope.LIMITS)) as quota:
        put = await quota.put_limit(limit(1))
        assert put.limit.limit_id == "tenant/acme/requests/day"
    async with installation.quota(installation.key("umbrella", Scope.LIMITS)) as other:
        assert not (await other.list_limits(quota_pb2.ListLimitsRequest())).levels
        with pytest.raises(Forbidden):
            await other.delete_limit(quota_pb2.DeleteLimitRequest(limit_id=put.limit.limit_id))
    async with installation.quota(installation.key("acme")) as member:
        with pytest.raises(Forbidden):
            await member.put_limit(limit(1_000))


async def test_services_of_one_installation_know_each_other_and_act_for_any_tenant(installation):
    peers = ProcessPeers({"quota": installation.address}, service_key(installation.keyring))
    try:
        await peers.client("quota").reserve(reserve(tenant_id="umbrella", user_id="bob"))
    finally:
        await peers.close()


async def test_a_service_with_another_keyring_is_a_stranger(installation, tmp_path):
    elsewhere = Keyring.open(tmp_path / "elsewhere")
    async with installation.quota(service_key(elsewhere)) as quota:
        with pytest.raises(Unauthenticated, match="same keyring"):
            await quota.reserve(reserve())


async def test_health_and_reflection_need_no_key(installation):
    async with grpc.aio.insecure_channel(installation.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        async for listed in reflection.ServerReflectionInfo(iter([asked])):
            names = {service.name for service in listed.list_services_response.service}
    assert "bursar.quota.v1.QuotaService" in names


async def test_without_authentication_users_are_pseudonyms_all_the_same(tmp_path):
    ground = memory_ground(tmp_path)
    plan = ProcessPlan([QUOTA], entrance=entrance_of(ProcessSettings(data_dir=tmp_path), ground))
    user_id = ground.keyring.pseudonym("default", "user", "ann")
    async with running(plan, ground) as process:
        peers = ProcessPeers({"quota": process.address})
        quota = peers.client("quota")
        put = await quota.put_limit(limit(1, user_id="ann"))
        assert put.limit.selector.user_id == user_id
        await quota.reserve(reserve(user_id="ann"))
        levels = (await quota.list_limits(quota_pb2.ListLimitsRequest())).levels
        await peers.close()
    assert levels[0].held == 1
    assert ground.names.name_of("default", user_id) == "ann"
