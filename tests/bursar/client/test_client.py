"""Callers in Python get typed results, the same errors near and far, and pay no retry twice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

import bursar
from bursar.client import Client
from bursar.errors import BackendUnavailable, LimitExceeded, LogUnavailable, NotFound
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_all.embedded import Bursar

SOURCE = b"import os\n\n\ndef price( cents ):\n  return cents / 100\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def embedded(tmp_path_factory) -> AsyncIterator[Client]:
    async with Bursar.embedded(tmp_path_factory.mktemp("data")) as client:
        yield client


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_client_is_offered_at_the_top_of_the_package():
    assert bursar.Client is Client


async def test_a_task_comes_back_as_its_outcome_with_whole_new_contents(embedded: Client):
    outcome = await embedded.run("tidy this up", {"price.py": SOURCE}, needs=["linting"])

    assert outcome.is_completed
    assert b"import os" not in outcome.changed_files["price.py"]
    assert outcome.diff.startswith("--- a/price.py")
    assert outcome.cost_nano_usd == 0


async def test_the_same_task_again_comes_from_the_cache(embedded: Client):
    files = {"again.py": SOURCE}
    first = await embedded.run("tidy this up", files, needs=["linting"])
    second = await embedded.run("tidy this up", files, needs=["linting"])

    assert (first.is_from_cache, second.is_from_cache) == (False, True)
    assert second.diff == first.diff


async def test_what_nobody_can_do_is_an_outcome_of_a_task_and_an_error_of_a_question(
    embedded: Client,
):
    outcome = await embedded.run("write a sonnet", needs=["poetry"])
    assert outcome.state == "unavailable"
    with pytest.raises(BackendUnavailable):
        await embedded.ask("write a sonnet")


async def test_a_model_that_is_not_there_is_named(embedded: Client):
    with pytest.raises(NotFound, match="no-such-model"):
        await embedded.ask("hello", model="no-such-model")


async def test_the_services_answer_alike_by_address(tmp_path):
    async with Bursar.embedded(tmp_path) as here, Bursar.embedded(tmp_path) as there:
        assert type(here.services.executor) is not type(there.services.executor)
        for client in (here, there):
            with pytest.raises(NotFound, match="no-such-model"):
                await client.ask("hello", model="no-such-model")


async def test_spending_is_what_the_log_has(embedded: Client):
    await embedded.run("tidy this up", {"spent.py": SOURCE}, needs=["formatting"])

    spending = await embedded.spending()

    assert spending.cost_nano_usd == 0
    assert spending.tokens_saved > 0
    assert 0 < spending.efficiency_rate <= 1


async def test_a_spent_limit_denies_a_task_with_its_limit(tmp_path):
    async with Bursar.embedded(tmp_path) as client:
        limit_id = await client.limit(
            quota_pb2.Limit(
                selector=quota_pb2.Selector(tenant_id="default"),
                meter=quota_pb2.METER_REQUESTS,
                window=quota_pb2.WINDOW_DAY,
                amount=0,
                mode=quota_pb2.MODE_HARD,
            ),
            author="test",
        )
        outcome = await client.run("tidy this up", {"denied.py": SOURCE}, needs=["linting"])

        assert outcome.state == "denied"
        assert "limit" in outcome.summary
        with pytest.raises(LimitExceeded) as refused:
            await client.services.quota.reserve(
                quota_pb2.ReserveRequest(
                    attribution=ledger_pb2.Attribution(tenant_id="default"),
                    amounts=ledger_pb2.Amounts(requests=1),
                )
            )
        assert refused.value.facts["limit_id"] == limit_id


async def test_only_what_may_come_back_is_tried_again():
    tries: list[Exception] = []

    class Flaky:
        async def report(self, request):
            error = LogUnavailable("away") if not tries else BackendUnavailable("not here")
            tries.append(error)
            raise error

    class Services:
        efficiency = Flaky()

    with pytest.raises(BackendUnavailable):
        await Client(Services()).spending()  # type: ignore[arg-type]
    assert len(tries) == 2
