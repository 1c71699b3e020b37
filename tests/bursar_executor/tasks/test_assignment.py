"""Who does which part: all tools for what tools can do, one model for what needs words."""

import pytest

from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.tasks.assignment import ANSWER_IN_WORDS, NOBODY_REMEDY, assign

TOOL, LOCAL, PAID = (
    ledger_pb2.BACKEND_TIER_LOCAL_TOOL,
    ledger_pb2.BACKEND_TIER_LOCAL_MODEL,
    ledger_pb2.BACKEND_TIER_PAID_API,
)


def backend(name, tier, *capabilities, remedy=""):
    return planner_pb2.Backend(
        backend_id=f"x/{name}",
        target=ledger_pb2.Target(provider="x", model=name, tier=tier),
        capabilities=capabilities,
        is_available=not remedy,
        remedy=remedy,
    )


def plan_of(*backends):
    return planner_pb2.Plan(candidates=[planner_pb2.Candidate(backend=found) for found in backends])


CHECK, FORMAT = backend("check", TOOL, "linting"), backend("format", TOOL, "formatting", "linting")
QWEN, OPUS = backend("qwen", LOCAL, "code_review"), backend("opus", PAID, "code_review", "poetry")


def ids(assignments):
    return [found.target.model for found in assignments.working]


def test_tools_that_share_a_capability_all_work_in_the_order_of_the_registry():
    found = assign(plan_of(FORMAT, CHECK), ("linting",), "", [CHECK, FORMAT])

    assert ids(found) == ["check", "format"]
    assert found.uncovered == found.remedies == ()


def test_each_backend_works_once_whatever_it_is_needed_for():
    needed = ("linting", "formatting")

    assert ids(assign(plan_of(CHECK, FORMAT), needed, "", [CHECK, FORMAT])) == ["check", "format"]


def test_of_models_the_first_that_can_works_alone():
    assert ids(assign(plan_of(QWEN, OPUS), ("code_review",), "", [QWEN, OPUS])) == ["qwen"]


def test_each_need_has_its_own_model_where_one_cannot_do_all():
    needed = ("code_review", "poetry")

    assert ids(assign(plan_of(QWEN, OPUS), needed, "", [QWEN, OPUS])) == ["qwen", "opus"]


def test_a_model_asked_for_by_name_does_everything_itself():
    found = assign(plan_of(CHECK, QWEN, OPUS), ("linting",), "opus", [CHECK, QWEN, OPUS])

    assert ids(found) == ["opus"]
    assert found.paying.model == "opus"


def test_without_a_need_somebody_who_reads_words_is_asked():
    assert ids(assign(plan_of(CHECK, QWEN), (), "", [CHECK, QWEN])) == ["qwen"]


def test_what_nobody_does_is_named_with_how_to_get_somebody():
    absent = backend("opus", PAID, "code_review", remedy="set a key")

    found = assign(plan_of(CHECK, absent), ("linting", "code_review"), "", [CHECK, absent])

    assert ids(found) == ["check"]
    assert (found.uncovered, found.remedies) == (("code_review",), ("set a key",))
    assert found.barred == ()


def test_of_those_who_lack_something_the_best_of_each_tier_is_named_cheapest_tier_first():
    absent = [
        backend("opus", PAID, "code_review", remedy="set a key"),
        backend("sonnet", PAID, "code_review", remedy="set another key"),
        backend("qwen", LOCAL, "code_review", remedy="run a server"),
    ]

    found = assign(plan_of(*absent), ("code_review",), "", absent)

    assert found.remedies == ("run a server", "set a key")


@pytest.mark.parametrize(("needed", "uncovered"), [((), ANSWER_IN_WORDS), (("x",), "x")])
def test_where_there_is_not_even_a_candidate_the_remedy_is_to_set_one_up(needed, uncovered):
    found = assign(plan_of(CHECK), needed, "", [CHECK])

    assert (found.uncovered, found.remedies) == ((uncovered,), (NOBODY_REMEDY,))


def test_who_is_here_but_kept_from_work_by_the_plan_is_barred():
    barred = backend("opus", PAID, "code_review", remedy="a limit is near; wait")

    found = assign(plan_of(barred), ("code_review",), "", [OPUS])

    assert [candidate.backend.backend_id for candidate in found.barred] == ["x/opus"]
    assert found.remedies == ("a limit is near; wait",)


def test_the_model_pays_where_tools_work_beside_it():
    found = assign(plan_of(CHECK, QWEN), ("linting", "code_review"), "", [CHECK, QWEN])

    assert ids(found) == ["check", "qwen"]
    assert found.paying.model == "qwen"
    assert [reader.target.model for reader in found.readers] == ["qwen"]
