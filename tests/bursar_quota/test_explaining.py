"""Limit by limit, why a call is admitted or not; and what a check says of it."""

from __future__ import annotations

from bursar_quota.domain.explaining import explain, verdict_of
from bursar_quota.domain.limits import Mode, Selector
from bursar_quota.domain.meters import Meter
from bursar_quota.domain.reading import check
from bursar_quota.domain.terms import Now
from bursar_quota.domain.windows import WindowKind
from quota_examples import ACME, ANTHROPIC, HOUR_NS, book, limit, tokens

BY_ANTHROPIC = Selector(provider="anthropic")


def explained(kept, amounts):
    now = Now(kept.now_ns, kept.decider.terms)
    return explain(kept.state, ACME, ANTHROPIC, amounts, now)


def checked(kept, amounts):
    return check(kept.state, ACME, ANTHROPIC, amounts, Now(kept.now_ns, kept.decider.terms))


def test_every_limit_that_matches_says_how_it_stands_those_that_deny_first():
    kept = book(
        limit(amount=1000),
        limit(amount=100, selector=BY_ANTHROPIC),
        limit(amount=1, selector=Selector(provider="openai")),
    )
    kept.reserve(tokens(60))
    denied, allowed = explained(kept, tokens(50))
    assert denied.level.limit.limit_id == "provider/anthropic/total_tokens/day"
    assert denied.reason.startswith(
        "Would exceed daily token limit for anthropic: 50 asked for, 40 of 100 left"
        " (0 settled, 60 held); the window ends 2026-11-25 00:00:00 UTC"
    )
    assert denied.denial.retry_after_ns == 10**9
    assert allowed.denial is None
    assert allowed.reason.startswith("50 asked for has room: 940 of 1,000 left")
    assert verdict_of([denied, allowed]) == "1 of 2 limits that match deny it"


def test_what_is_explained_is_what_a_reserve_is_told():
    kept = book(limit(amount=100))
    for asked in (100, 101):
        denied = [one for one in explained(kept, tokens(asked)) if one.denial is not None]
        assert (checked(kept, tokens(asked)).denial is None) == (not denied)


def test_a_soft_limit_that_is_exceeded_says_that_it_admits():
    kept = book(limit(amount=10, mode=Mode.SOFT))
    (one,) = explained(kept, tokens(11))
    assert one.denial is None
    assert "a soft limit admits" in one.reason


def test_a_call_that_takes_nothing_is_told_so():
    kept = book(limit(Meter.COST_NANO_USD, amount=0))
    kept.record(tokens(1, 1, cost_nano_usd=5))
    (one,) = explained(kept, tokens(1))
    assert one.denial is None
    assert "takes nothing of it" in one.reason


def test_no_limit_is_a_sentence_too():
    assert verdict_of(explained(book(), tokens(1))) == "no limit matches this call"
    kept = book(limit())
    assert verdict_of(explained(kept, tokens(1))) == "all 1 limits that match have room"


def test_a_check_names_the_limit_that_decides():
    kept = book(limit(amount=1000), limit(Meter.REQUESTS, WindowKind.HOUR, amount=2))
    found = checked(kept, tokens(400))
    assert found.decided_by.limit.meter is Meter.REQUESTS
    found = checked(kept, tokens(900))
    assert found.decided_by.limit.meter is Meter.TOTAL_TOKENS
    assert found.decided_by.available == 1000
    kept.reserve(tokens(400))
    found = checked(kept, tokens(601))
    assert found.decided_by == found.denial.level
    assert found.decided_by.available == 600
    assert found.decided_by.window.ends_at_ns == kept.now_ns + 12 * HOUR_NS - 31 * 10**9
