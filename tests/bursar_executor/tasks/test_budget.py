"""What a plan allows bites while a task runs; a first call is never refused."""

import pytest

from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.backends.backend import BudgetExhausted, Hold
from bursar_executor.tasks.budget import TaskBudget
from bursar_executor.tasks.ledger import Spent


def budget(**fields):
    allowed = {
        "max_tokens": 1000,
        "max_api_calls": 2,
        "max_duration_ns": 5 * 10**9,
        "max_cost_nano_usd": 100,
        "is_cost_known": True,
    }
    return TaskBudget(planner_pb2.Budget(**allowed | fields))


def hold(tokens=10, cost=1):
    return Hold(ledger_pb2.Amounts(output_tokens=tokens, cost_nano_usd=cost), None)


def spent(tokens=10, cost=1):
    return Spent(ledger_pb2.TokenUsage(output_tokens=tokens), ledger_pb2.Cost(total_nano_usd=cost))


def test_a_first_call_is_not_refused_for_its_size():
    budget(max_tokens=1, max_api_calls=0).check(hold(), is_paid=True)


@pytest.mark.parametrize(("calls", "is_allowed"), [(1, True), (2, False)])
def test_calls_are_counted(calls, is_allowed):
    found = budget()
    for _ in range(calls):
        found.took(spent(), is_paid=True)

    if is_allowed:
        found.check(hold(), is_paid=True)
        return
    with pytest.raises(BudgetExhausted, match="2 paid calls"):
        found.check(hold(), is_paid=True)
    found.check(hold(), is_paid=False)


@pytest.mark.parametrize(("tokens", "is_allowed"), [(100, True), (101, False)])
def test_tokens_with_the_next_call_may_be_as_many_as_the_plan_says(tokens, is_allowed):
    found = budget()
    found.took(spent(900), is_paid=True)

    if is_allowed:
        found.check(hold(tokens), is_paid=True)
    else:
        with pytest.raises(BudgetExhausted, match="1,001 tokens"):
            found.check(hold(tokens), is_paid=True)


@pytest.mark.parametrize("is_cost_known", [True, False])
def test_cost_is_bounded_where_it_is_known(is_cost_known):
    found = budget(is_cost_known=is_cost_known)
    found.took(spent(cost=60), is_paid=True)

    if is_cost_known:
        with pytest.raises(BudgetExhausted, match=r"\$"):
            found.check(hold(cost=41), is_paid=True)
    else:
        found.check(hold(cost=41), is_paid=True)


def test_time_is_one_account_for_all_that_work():
    found = budget()
    found.lasted(-3.0)
    found.lasted(2.0)
    assert found.left_s == pytest.approx(3.0)
    found.check_time()

    found.lasted(3.0)
    with pytest.raises(BudgetExhausted, match="5 s are over"):
        found.check_time()
