"""What a task must look like, and what is said of one that does not."""

import math
from fractions import Fraction

import pytest

from bursar.errors import InvalidRequest
from bursar_planner.domain import backends
from bursar_planner.domain.backends import Backend
from bursar_planner.domain.task import checked, checked_hint
from planner_parts import Target, Tier, task, tool


def refused(call, *arguments):
    with pytest.raises(InvalidRequest) as raised:
        call(*arguments)
    (violation,) = raised.value.violations
    assert violation.remedy
    return violation.field, violation.value


@pytest.mark.parametrize("description", ["", " ", "\n\t"])
def test_an_empty_description_is_refused(description):
    assert refused(checked, task(description)) == ("task.description", description)


def test_a_description_of_100000_characters_is_the_longest():
    assert checked(task("x" * 100_000)).description
    field, value = refused(checked, task("x" * 100_001))
    assert (field, value) == ("task.description", "100001 characters")


@pytest.mark.parametrize(
    "capability", ["Linting", "code review", "", "a" * 65, "naïve", "a.b", "a\n"]
)
def test_a_capability_that_is_no_word_is_refused(capability):
    field, _ = refused(checked, task(required_capabilities=("linting", capability)))
    assert field in ("task.required_capabilities[1]",)


@pytest.mark.parametrize("capability", ["vision", "speech-to-text", "a" * 64, "3d_modelling", "x"])
def test_a_capability_nobody_knows_is_accepted(capability):
    assert checked(task(required_capabilities=(capability,))).required_capabilities == (capability,)


def test_a_capability_named_twice_counts_once():
    found = checked(task(required_capabilities=("linting", "testing", "linting")))
    assert found.required_capabilities == ("linting", "testing")


@pytest.mark.parametrize("hint", [-0.01, 1.01, math.nan, math.inf, -math.inf])
def test_a_hint_outside_zero_to_one_is_refused(hint):
    assert refused(checked_hint, hint)[0] == "task.complexity_hint"


@pytest.mark.parametrize(
    ("hint", "meant"),
    [(0.0, "0"), (1.0, "1"), (0.1, "1/10"), (0.3, "3/10"), (1e-05, "1/100000"), (0.25, "1/4")],
)
def test_a_hint_means_the_decimal_that_was_written(hint, meant):
    assert checked_hint(hint) == Fraction(meant)


@pytest.mark.parametrize("tokens", [-1, 2**63])
def test_a_count_of_tokens_that_cannot_be_is_refused(tokens):
    assert refused(checked, task(context_tokens=tokens)) == ("task.context_tokens", str(tokens))


@pytest.mark.parametrize("field", ["dependencies", "required_tools"])
def test_empty_and_endless_names_are_refused(field):
    assert refused(checked, task(**{field: ("a", "")}))[0] == f"task.{field}[1]"
    assert refused(checked, task(**{field: ("x" * 4_097,)}))[0] == f"task.{field}[0]"
    assert refused(checked, task(**{field: ("x",) * 1_001}))[0] == f"task.{field}"


def test_backends_are_named_once():
    assert refused(backends.checked, [tool("ruff"), tool("ruff")]) == (
        "backends[1].backend_id",
        "tool/ruff",
    )


def test_a_backend_without_an_id_is_refused():
    nameless = Backend("", Target("local", "", Tier.LOCAL_TOOL))
    assert refused(backends.checked, [nameless])[0] == "backends[0].backend_id"


def test_a_backend_that_offers_no_word_is_refused():
    assert refused(backends.checked, [tool("ruff", "Lint it!")]) == (
        "backends[0].capabilities[0]",
        "Lint it!",
    )


def test_more_than_256_backends_are_refused():
    many = [tool(f"tool-{number}") for number in range(257)]
    assert len(backends.checked(many[:256])) == 256
    assert refused(backends.checked, many)[0] == "backends"
