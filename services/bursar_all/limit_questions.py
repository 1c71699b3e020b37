"""Questions about limits from the options of `bursar limits explain` and `forecast`."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.ledger.v1 import ledger_pb2
from bursar.money import parse_usd
from bursar.quota.v1 import quota_pb2
from bursar_all.limit_options import Option, labels_from, tier_from, user_from


def explain_request(options: Mapping[str, Option]) -> quota_pb2.ExplainRequest:
    """The call that the options describe. Raises InvalidRequest naming the option."""
    attribution, target = _call(options)
    amounts = ledger_pb2.Amounts(
        requests=int(str(options["requests"])),
        input_tokens=int(str(options["input_tokens"])),
        output_tokens=int(str(options["output_tokens"])),
        cost_nano_usd=parse_usd(str(options["cost"]), "--cost"),
    )
    return quota_pb2.ExplainRequest(attribution=attribution, target=target, amounts=amounts)


def forecast_request(options: Mapping[str, Option]) -> quota_pb2.ForecastRequest:
    """The limits that the options select."""
    attribution, target = _call(options)
    return quota_pb2.ForecastRequest(attribution=attribution, target=target)


def _call(options: Mapping[str, Option]) -> tuple[ledger_pb2.Attribution, ledger_pb2.Target]:
    def given(name: str) -> str:
        return str(options.get(name) or "")

    attribution = ledger_pb2.Attribution(
        tenant_id=given("tenant"),
        team_id=given("team"),
        user_id=user_from(given("user")),
        key_id=given("key"),
        task_id=given("task"),
        agent_id=given("agent"),
        labels=labels_from(options),
    )
    target = ledger_pb2.Target(
        provider=given("provider"),
        model=given("model"),
        tier=tier_from(given("tier")),
        account_id=given("account"),
    )
    return attribution, target
