"""A request is taken as it is meant, or refused with field, value and remedy."""

from fractions import Fraction

import pytest

from bursar.errors import InvalidRequest
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_planner import requests
from bursar_planner.domain.backends import Target
from bursar_planner.domain.vocabulary import Tier


def refused(call, *arguments):
    with pytest.raises(InvalidRequest) as raised:
        call(*arguments)
    (violation,) = raised.value.violations
    assert violation.remedy
    return violation.field, violation.value


def backend(**fields):
    target = ledger_pb2.Target(
        provider="anthropic", model="opus", tier=ledger_pb2.BACKEND_TIER_PAID_API
    )
    return planner_pb2.Backend(backend_id="anthropic/opus", target=target, **fields)


def test_a_whole_task_arrives():
    task = requests.task_of(
        planner_pb2.Task(
            description="Mend it",
            dependencies=["a.py"],
            required_tools=["ruff"],
            required_capabilities=["linting"],
            complexity_hint=0.3,
            requested_model="opus",
            is_api_requested=True,
            is_paid_forced=True,
            context_tokens=12,
        )
    )
    assert task.complexity_hint == Fraction(3, 10)
    assert (task.description, task.requested_model, task.context_tokens) == ("Mend it", "opus", 12)
    assert (task.is_api_requested, task.is_paid_forced) == (True, True)
    assert (task.dependencies, task.required_tools, task.required_capabilities) == (
        ("a.py",),
        ("ruff",),
        ("linting",),
    )


def test_a_hint_of_zero_is_not_the_absence_of_one():
    asked = planner_pb2.Task(description="x", complexity_hint=0.0)
    assert requests.task_of(asked).complexity_hint == 0
    assert requests.task_of(planner_pb2.Task(description="x")).complexity_hint is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"description": ""}, "task.description"),
        ({"complexity_hint": 1.5}, "task.complexity_hint"),
        ({"context_tokens": -1}, "task.context_tokens"),
        ({"required_capabilities": ["Not a word"]}, "task.required_capabilities[0]"),
    ],
)
def test_a_bad_field_is_named(fields, field):
    task = planner_pb2.Task(**{"description": "x", **fields})
    assert refused(requests.task_of, task)[0] == field


def test_a_backend_arrives():
    (found,) = requests.backends_of([backend(capabilities=["linting"], remedy="set a key")])
    assert found.target == Target("anthropic", "opus", Tier.PAID_API)
    assert (found.capabilities, found.is_available, found.remedy) == (
        ("linting",),
        False,
        "set a key",
    )


@pytest.mark.parametrize("tier", [0, 5])
def test_a_backend_without_a_known_tier_is_refused(tier):
    odd = backend()
    odd.target.tier = tier
    assert refused(requests.backends_of, [odd]) == ("backends[0].target.tier", str(tier))


def test_a_model_name_longer_than_quota_takes_is_refused_with_its_place():
    long = backend()
    long.target.model = "x" * 129
    assert refused(requests.backends_of, [long])[0] == "backends[0].target.model"


def test_an_attribution_that_fits_no_event_is_refused():
    requests.check_attribution(ledger_pb2.Attribution(tenant_id="acme"))
    endless = ledger_pb2.Attribution(labels={str(number): "x" * 256 for number in range(40)})
    assert refused(requests.check_attribution, endless)[0] == "attribution"
