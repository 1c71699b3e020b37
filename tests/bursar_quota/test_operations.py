"""The same operation again gives the same answer, and nothing happens twice."""

from __future__ import annotations

import pytest

from bursar.errors import Conflict, InvalidRequest
from bursar_quota.domain.answers import Refused
from bursar_quota.domain.state import NS_PER_S
from quota_examples import DAY_NS, HOUR_NS, NOON_NS, book, limit, tokens

TOTAL = "total/total_tokens/day"


def uuid7_at(at_ns: int) -> str:
    digits = f"{at_ns // 1_000_000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"


def test_a_repeated_reserve_gets_the_first_answer_and_holds_once():
    kept = book(limit())
    first = kept.reserve(tokens(100), operation_id="a")
    written = len(kept.log)
    assert kept.reserve(tokens(100), operation_id="a", reservation_id="another") == first
    assert len(kept.log) == written
    assert kept.level(TOTAL) == (0, 100)


def test_a_refusal_is_remembered_even_when_there_is_room_later():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(1000))
    refused = kept.reserve(tokens(100), operation_id="a")
    kept.release(held.reservation_id)
    assert isinstance(refused, Refused)
    assert kept.reserve(tokens(100), operation_id="a") == refused
    assert kept.level(TOTAL) == (0, 0)


def test_every_order_is_remembered():
    kept = book(limit())
    held = kept.reserve(tokens(10))
    orders = [
        lambda: kept.dispatch(held.reservation_id, operation_id="d"),
        lambda: kept.settle(held.reservation_id, tokens(9), operation_id="s"),
        lambda: kept.record(tokens(9), operation_id="u"),
        lambda: kept.put(limit(amount=7), operation_id="p"),
        lambda: kept.delete(TOTAL, operation_id="x"),
    ]
    for order in orders:
        first = order()
        written = len(kept.log)
        assert order() == first
        assert len(kept.log) == written


def test_the_same_id_with_other_content_is_a_conflict():
    kept = book(limit())
    kept.reserve(tokens(100), operation_id="a", fingerprint=b"one")
    with pytest.raises(Conflict, match="operation a came before with other content"):
        kept.reserve(tokens(101), operation_id="a", fingerprint=b"two")
    assert kept.level(TOTAL) == (0, 100)


def test_an_operation_is_remembered_for_the_whole_horizon():
    kept = book(limit())
    first = kept.reserve(tokens(100), operation_id="a", lease_ns=NS_PER_S)
    kept.pass_time(DAY_NS)
    assert kept.reserve(tokens(100), operation_id="a", lease_ns=NS_PER_S) == first


def test_it_is_forgotten_by_an_event_and_not_by_the_clock():
    kept = book(limit())
    first = kept.reserve(tokens(100), operation_id="a", lease_ns=NS_PER_S)
    kept.now_ns += 40 * HOUR_NS
    assert kept.reserve(tokens(100), operation_id="a", lease_ns=NS_PER_S) == first
    kept.pass_time(40 * HOUR_NS)
    assert kept.reserve(tokens(100), operation_id="a", lease_ns=NS_PER_S) != first


@pytest.mark.parametrize(
    ("age_ns", "is_refused"),
    [
        (DAY_NS, False),
        (DAY_NS + 1_000_000, True),
        (-300 * NS_PER_S, False),
        (-300 * NS_PER_S - 1_000_000, True),
    ],
)
def test_a_uuid7_is_refused_beyond_the_horizon_and_from_the_future(age_ns, is_refused):
    kept = book(limit())
    kept.now_ns = NOON_NS + HOUR_NS
    operation_id = uuid7_at(kept.now_ns - age_ns)
    if not is_refused:
        kept.reserve(tokens(1), operation_id=operation_id)
        return
    with pytest.raises(InvalidRequest, match="operation_id"):
        kept.reserve(tokens(1), operation_id=operation_id)


def test_an_old_uuid7_that_is_still_known_gets_its_answer():
    kept = book(limit())
    operation_id = uuid7_at(kept.now_ns)
    first = kept.reserve(tokens(1), operation_id=operation_id, lease_ns=NS_PER_S)
    kept.now_ns += DAY_NS + HOUR_NS
    assert kept.reserve(tokens(1), operation_id=operation_id, lease_ns=NS_PER_S) == first


def test_other_ids_have_no_time():
    kept = book(limit())
    for operation_id in ("x", "0" * 128, "00000000-0000-4000-8000-000000000000"):
        kept.reserve(tokens(1), operation_id=operation_id)
    assert kept.level(TOTAL) == (0, 3)
