"""The service answers by meaning where that was asked for, says why, and learns from the log."""

from __future__ import annotations

from hashlib import sha256

import pytest

from bursar.cache.v1 import cache_pb2 as contract
from bursar.errors import InvalidRequest
from bursar.eventlog.memory import MemoryLog
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from cache_entries import entry_of
from cache_services import invalidated, running

TARGET = ledger_pb2.Target(provider="anthropic", model="claude")
ASKED = "How do I reset my password?"
MEANS_THE_SAME = "How can I reset my password?"


def meaning(tmp_path, log=None, **semantic):
    return running(tmp_path, log, semantic={"tenants": ["acme", "other"], **semantic})


def unchecked(namespace: str = "", **fields) -> dict:
    return {"namespaces": {namespace: {"shadow_pct": 0, **fields}}}


def question_of(text: str, scope: bytes = b"", **fields) -> contract.Question:
    return contract.Question(text=text, scope_form=scope, **fields)


def key_of(text: str) -> contract.Key:
    return contract.Key(exact_key=sha256(text.encode()).digest())


def whose(tenant: str) -> ledger_pb2.Attribution:
    return ledger_pb2.Attribution(tenant_id=tenant, call_id="call")


async def store(service, text, content=b"an answer", tenant="acme", answer_text="", **fields):
    return await service.store(
        contract.StoreRequest(
            attribution=whose(tenant),
            key=key_of(text),
            entry=entry_of(content),
            is_complete=True,
            question=question_of(text, **fields),
            answer_text=answer_text,
        )
    )


async def look_up(service, text, tenant="acme", strategy=0, model="claude", **fields):
    lookup = contract.LookupRequest(
        attribution=whose(tenant),
        target=ledger_pb2.Target(provider="anthropic", model=model),
        key=key_of(text),
        strategy=strategy,
    )
    question = question_of(text, **fields)
    return await service.lookup_by_meaning(
        contract.LookupByMeaningRequest(lookup=lookup, question=question)
    )


async def learned(service) -> list:
    """What the service has learned, once it has folded what it wrote."""
    await invalidated(service, tag="none has this")
    return service._projection.state.experiences.all()


async def test_a_question_that_means_the_same_is_answered_with_the_evidence(tmp_path):
    async with meaning(tmp_path, **unchecked()) as service:
        await store(service, ASKED)
        answered = await look_up(service, MEANS_THE_SAME)
    assert answered.answer.is_hit
    assert answered.answer.entry.content == b"an answer"
    evidence = answered.evidence
    assert evidence.outcome == "served"
    assert evidence.similarity >= evidence.bar_similarity == 0.94
    assert (evidence.bar_guards, evidence.wrong_per_hit_upper) == ("strict", 1)


async def test_the_very_same_request_needs_no_evidence(tmp_path):
    async with meaning(tmp_path) as service:
        await store(service, ASKED)
        answered = await look_up(service, ASKED)
    assert answered.answer.is_hit
    assert not answered.HasField("evidence")


async def test_a_look_alike_is_vetoed_and_missed(tmp_path):
    async with meaning(tmp_path, **unchecked()) as service:
        await store(service, "Can I cancel within 10 days?")
        answered = await look_up(service, "Can I cancel within 14 days?")
    assert not answered.answer.is_hit
    assert answered.answer.miss_reason == "absent"
    assert answered.evidence.outcome in {"vetoed", "below_bar"}
    assert "number" in answered.evidence.vetoes


@pytest.mark.parametrize(
    "asked",
    [
        {"tenant": "other"},
        {"model": "gpt"},
        {"scope": b"another system prompt"},
        {"namespace": "another"},
    ],
)
async def test_another_scope_never_matches(tmp_path, asked):
    async with meaning(tmp_path, **unchecked()) as service:
        await store(service, ASKED)
        answered = await look_up(service, MEANS_THE_SAME, **asked)
    assert answered.evidence.outcome == "nothing_near"
    assert answered.evidence.similarity == 0


async def test_who_did_not_opt_in_is_refused_unless_the_strategy_is_aggressive(tmp_path):
    async with meaning(tmp_path) as service:
        refused = await look_up(service, ASKED, tenant="third")
        aggressive = planner_pb2.CACHE_STRATEGY_AGGRESSIVE
        allowed = await look_up(service, ASKED, tenant="third", strategy=aggressive)
    assert (refused.evidence.outcome, refused.evidence.detail) == ("refused", "not_opted_in")
    assert allowed.evidence.outcome == "nothing_near"


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"temperature": 0.5}, "sampled"),
        ({"has_tools": True}, "tools"),
        ({"has_earlier_turns": True}, "earlier_turns"),
        ({"has_attachments": True}, "attachments"),
    ],
)
async def test_where_context_decides_nothing_is_looked_up(tmp_path, fields, detail):
    async with meaning(tmp_path) as service:
        await store(service, ASKED)
        answered = await look_up(service, MEANS_THE_SAME, **fields)
    assert answered.evidence.detail == detail


async def test_an_invalidated_answer_is_not_served_by_meaning(tmp_path):
    async with meaning(tmp_path, **unchecked()) as service:
        await store(service, ASKED)
        await service.invalidate(contract.InvalidateRequest(tenant_id="acme", everything=True))
        answered = await look_up(service, MEANS_THE_SAME)
        again = await look_up(service, MEANS_THE_SAME)
    assert not answered.answer.is_hit
    assert again.evidence.outcome == "nothing_near"


async def test_a_share_of_hits_is_answered_anew_and_teaches(tmp_path):
    async with meaning(tmp_path, namespaces={"": {"shadow_pct": 100}}) as service:
        await store(service, ASKED, answer_text="Use the form.")
        checked = await look_up(service, MEANS_THE_SAME)
        await store(service, MEANS_THE_SAME, answer_text="use the form.")
        ((_, experience),) = await learned(service)
    assert checked.evidence.outcome == "shadow_check"
    assert not checked.answer.is_hit
    assert experience.labels == 1
    assert sum(sum(each.right) for each in experience.counts.values()) == 1


async def test_feedback_teaches(tmp_path):
    async with meaning(tmp_path, **unchecked()) as service:
        await store(service, ASKED)
        served = await look_up(service, MEANS_THE_SAME)
        await service.feedback(
            contract.FeedbackRequest(
                attribution=whose("acme"), evidence=served.evidence, is_right=False
            )
        )
        ((_, experience),) = await learned(service)
    assert sum(sum(each.wrong) for each in experience.counts.values()) == 1


async def test_feedback_on_what_was_not_served_is_refused(tmp_path):
    async with meaning(tmp_path) as service:
        with pytest.raises(InvalidRequest):
            await service.feedback(contract.FeedbackRequest(attribution=whose("acme")))


async def test_what_was_learned_is_learned_again_from_the_log(tmp_path):
    log = MemoryLog()
    async with meaning(tmp_path, log, **unchecked()) as service:
        await store(service, ASKED)
        await look_up(service, MEANS_THE_SAME)
        live = await learned(service)
    async with meaning(tmp_path, log, **unchecked()) as again:
        assert await learned(again) == live


async def test_a_similarity_outside_0_to_1_is_refused(tmp_path):
    async with meaning(tmp_path) as service:
        with pytest.raises(InvalidRequest):
            await look_up(service, ASKED, similarity_min=1.1)


async def test_an_answer_that_is_old_at_once_is_not_kept(tmp_path):
    async with meaning(tmp_path) as service:
        stored = await store(service, "What is the current price of gold?")
    assert (stored.is_stored, stored.refused_reason) == (False, "momentary")
