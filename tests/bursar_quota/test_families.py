"""Families of models: what their names say, for ever the same."""

from __future__ import annotations

import pytest

from bursar_quota.domain.calls import Target
from bursar_quota.domain.families import family_of
from bursar_quota.domain.limits import Selector
from quota_examples import ACME, book, limit, tokens

FAMILIES = {
    "claude-3-5-sonnet-20241022": "claude-sonnet",
    "claude-sonnet-4-5": "claude-sonnet",
    "claude-3-opus-latest": "claude-opus",
    "claude-opus-4-8": "claude-opus",
    "anthropic/claude-opus-4-8@20260101": "claude-opus",
    "gpt-4o-mini-2024-07-18": "gpt-4o-mini",
    "gpt-4o": "gpt-4o",
    "gpt-5": "gpt",
    "GPT-5-mini": "gpt-mini",
    "o3-mini": "o3-mini",
    "gemini-2.5-pro": "gemini-pro",
    "llama3.1:8b": "llama3.1",
    "llama-3.1-8b-instruct": "llama-8b-instruct",
    "4": "4",
    "": "",
}


@pytest.mark.parametrize("model", FAMILIES)
def test_a_family_is_the_name_without_provider_version_and_date(model):
    assert family_of(model) == FAMILIES[model]


def test_a_limit_on_a_family_counts_all_its_models():
    kept = book(limit(amount=100, selector=Selector(model_family="claude-opus")))
    kept.record(tokens(10), call=(ACME, Target("anthropic", "claude-opus-4-8")))
    kept.record(tokens(20), call=(ACME, Target("anthropic", "claude-3-opus-20240229")))
    kept.record(tokens(40), call=(ACME, Target("anthropic", "claude-sonnet-4-5")))
    assert kept.level("model_family/claude-opus/total_tokens/day") == (30, 0)
