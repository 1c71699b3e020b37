"""Who is asked first, and what is said of those who cannot."""

from planner_parts import (
    PRICES,
    FixedPrices,
    local_model,
    login_cli,
    paid_api,
    planned,
    task,
    task_of,
    tool,
)

RUFF = tool("ruff-check", "linting")
CLAUDE = login_cli("claude", "linting", "debugging", "translation")
QWEN = local_model("qwen", "debugging", "linting")
OPUS = paid_api("opus", "linting", "debugging", "translation")
GPT = paid_api("gpt-4", "linting", "debugging", "translation", provider="openai")
DEMONSTRATION = local_model("smollm2", "linting", is_by_name_only=True)


def ids(plan):
    return [candidate.backend.backend_id for candidate in plan.candidates]


def test_cheapest_tier_first_whatever_the_order_of_the_request():
    asked = task(required_capabilities=("linting",), is_api_requested=True)
    expected = ["tool/ruff-check", "cli/claude", "local/qwen", "anthropic/opus"]

    assert ids(planned(asked, RUFF, CLAUDE, QWEN, OPUS)) == expected
    assert ids(planned(asked, OPUS, QWEN, CLAUDE, RUFF)) == expected


def test_who_covers_nothing_required_is_no_candidate():
    plan = planned(task(required_capabilities=("debugging",)), RUFF, QWEN)
    assert ids(plan) == ["local/qwen"]
    assert plan.candidates[0].covers == ("debugging",)


def test_within_a_tier_who_covers_more_comes_first():
    some, more = local_model("some", "linting"), local_model("more", "debugging", "linting")
    plan = planned(task(required_capabilities=("linting", "debugging")), some, more)
    assert ids(plan) == ["local/more", "local/some"]
    assert plan.candidates[0].covers == ("linting", "debugging")


def test_of_paid_apis_the_cheaper_comes_first_and_unknown_prices_last():
    unknown = paid_api("new", "translation")
    asked = task(required_capabilities=("translation",), is_api_requested=True, context_tokens=300)
    plan = planned(asked, unknown, GPT, OPUS)

    # 300 tokens in and 125 out: $0.0165 by gpt-4, $0.013875 by opus.
    assert ids(plan) == ["anthropic/opus", "openai/gpt-4", "anthropic/new"]
    costs = [found.expected_cost_nano_usd for found in plan.candidates]
    assert costs == [13_875_000, 16_500_000, None]
    assert plan.candidates[0].reason == (
        "paid API, about $0.013875 for 300 tokens in and 125 out; covers translation"
    )
    assert plan.candidates[2].reason == "paid API, price unknown; covers translation"


def test_tools_keep_their_order_for_all_of_them_work():
    check = tool("check", "linting")
    both = tool("both", "formatting", "linting")
    asked = task(required_capabilities=("linting", "formatting"))
    assert ids(planned(asked, check, both)) == ["tool/check", "tool/both"]
    assert ids(planned(asked, both, check)) == ["tool/both", "tool/check"]


def test_those_not_available_come_last_with_their_remedy():
    away = tool("ruff-check", "linting", is_available=False, remedy="pip install ruff")
    plan = planned(task(required_capabilities=("linting",)), away, QWEN)

    assert ids(plan) == ["local/qwen", "tool/ruff-check"]
    assert plan.candidates[1].backend.remedy == "pip install ruff"
    assert plan.candidates[1].reason == "not available: pip install ruff"


def test_a_requested_model_comes_first():
    asked = task(required_capabilities=("linting",), requested_model="opus")
    plan = planned(asked, RUFF, CLAUDE, QWEN, OPUS)

    assert ids(plan)[0] == "anthropic/opus"
    assert plan.candidates[0].reason.startswith("asked for by name; paid API, about $")


def test_a_requested_model_comes_first_even_if_it_covers_nothing():
    plan = planned(task(required_capabilities=("vision",), requested_model="qwen"), QWEN)
    assert ids(plan) == ["local/qwen"]
    assert plan.uncovered_capabilities == ("vision",)


def test_a_model_for_names_only_has_to_be_named():
    asked = task(required_capabilities=("linting",))
    assert ids(planned(asked, DEMONSTRATION)) == []
    named = task(required_capabilities=("linting",), requested_model="smollm2")
    assert ids(planned(named, RUFF, DEMONSTRATION)) == ["local/smollm2", "tool/ruff-check"]


def test_a_requested_model_that_is_away_is_last_and_the_rest_goes_on():
    away = local_model("qwen", "linting", is_available=False, remedy="start ollama")
    plan = planned(task(required_capabilities=("linting",), requested_model="qwen"), away, RUFF)
    assert ids(plan) == ["tool/ruff-check", "local/qwen"]


def test_a_requested_model_that_nobody_knows_is_said_to_be_unknown():
    plan = planned(task(requested_model="gpt-9"), RUFF, QWEN)
    assert "gpt-9 was asked for, and no backend here has that name" in plan.reasons


def test_paid_apis_are_no_candidates_unless_the_rules_allow_one():
    asked = task(required_capabilities=("linting",))
    assert ids(planned(asked, RUFF, OPUS)) == ["tool/ruff-check"]


def test_where_nothing_is_required_models_read_and_tools_have_to_be_named():
    assert ids(planned(task("Explain this"), RUFF, QWEN, CLAUDE)) == ["cli/claude", "local/qwen"]
    named = task("Explain this", required_tools=("ruff-check",))
    assert ids(planned(named, RUFF, QWEN)) == ["tool/ruff-check", "local/qwen"]


def test_what_no_available_backend_covers_is_named():
    away = paid_api("opus", "vision", is_available=False, remedy="set a key")
    asked = task(required_capabilities=("linting", "vision", "speech"), is_api_requested=True)
    plan = planned(asked, RUFF, away)

    assert plan.uncovered_capabilities == ("vision", "speech")
    assert "nobody available covers vision and speech" in plan.reasons


def test_where_only_a_barred_paid_api_would_do_it_says_at_what_price_and_how_to_get_it():
    plan = planned(task("x", required_capabilities=("linting", "translation")), RUFF, OPUS)

    assert plan.uncovered_capabilities == ("translation",)
    assert ids(plan) == ["tool/ruff-check", "anthropic/opus"]
    barred = plan.candidates[1]
    assert not barred.backend.is_available
    assert barred.expected_cost_nano_usd == 125 * 75_000
    assert barred.backend.remedy == (
        "no paid API, because complexity 0.001 is below 0.40; ask for a paid API, or name one of"
        " its models"
    )
    assert not plan.is_api_used
    assert plan.budget.max_cost_nano_usd == 0


def test_to_get_a_barred_paid_api_is_not_enough_and_its_remedy_says_so():
    away = paid_api("opus", "vision", is_available=False, remedy="set a key")
    plan = planned(task("x", required_capabilities=("vision",)), away)
    assert plan.candidates[0].backend.remedy == (
        "set a key; and ask for a paid API, or name one of its models"
    )


def test_where_nobody_reads_and_nothing_is_required_paid_apis_say_how_to_get_them():
    plan = planned(task("Explain this"), RUFF, OPUS)
    assert ids(plan) == ["anthropic/opus"]
    assert "no backend here can do any of this now" in plan.reasons


def test_the_expected_call_reads_what_there_is_and_writes_a_quarter_of_the_budget():
    asked = task_of(
        1,
        requested_model="opus",
        description_tokens=40,
        context_tokens=60,
    )
    (candidate,) = planned(asked, OPUS).candidates
    assert candidate.expected_cost_nano_usd == PRICES.hold_cost_nano_usd(OPUS.target, 100, 125)


def test_the_expected_call_never_reads_more_than_the_budget_leaves():
    asked = task_of(1, requested_model="opus", context_tokens=1_000_000)
    (candidate,) = planned(asked, OPUS).candidates
    assert candidate.expected_cost_nano_usd == PRICES.hold_cost_nano_usd(OPUS.target, 375, 125)


def test_the_expected_call_writes_at_most_4096_tokens():
    asked = task_of(900, requested_model="opus", context_tokens=1)
    (candidate,) = planned(asked, OPUS).candidates
    assert candidate.expected_cost_nano_usd == PRICES.hold_cost_nano_usd(OPUS.target, 1, 4_096)


def test_a_plan_costs_at_most_all_its_tokens_at_the_dearer_price():
    assert planned(task("x", requested_model="opus"), OPUS).budget.max_cost_nano_usd == (
        500 * 75_000
    )
    free = planned(task("x", required_capabilities=("linting",)), RUFF, OPUS)
    assert free.budget.max_cost_nano_usd == 0


def test_a_plan_without_a_price_does_not_know_its_cost():
    asked = task("x", requested_model="opus")
    assert planned(asked, OPUS, prices=FixedPrices()).budget.max_cost_nano_usd is None


def test_where_several_work_the_dearest_bounds_the_cost():
    asked = task("x", required_capabilities=("linting", "vision"), is_api_requested=True)
    seer = paid_api("gpt-4", "vision", provider="openai")
    assert planned(asked, RUFF, seer).budget.max_cost_nano_usd == 500 * 60_000


def test_a_plan_for_a_paid_api_that_is_away_says_what_it_would_cost():
    away = paid_api("opus", "vision", is_available=False, remedy="set a key")
    plan = planned(task("x", required_capabilities=("vision",), is_api_requested=True), away)
    assert plan.budget.max_cost_nano_usd == 500 * 75_000
    assert plan.candidates[0].expected_cost_nano_usd == 125 * 75_000
