"""The shelves find exactly the limits whose selector the call satisfies."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bursar.eventlog.tentative import Undo
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.limits import Selector
from bursar_quota.domain.selection import Shelves

ASKED = st.sampled_from(["", "", "", "", "a", "b"])  # most leave most axes open
VALUES = st.sampled_from(["", "a", "a", "b"])
LABELS = st.dictionaries(st.sampled_from(["x", "y", "z"]), st.sampled_from(["1", "2"])).map(
    lambda labels: tuple(sorted(labels.items()))
)
SELECTORS = st.builds(
    Selector,
    tenant_id=ASKED,
    user_id=ASKED,
    task_id=ASKED,
    provider=ASKED,
    model=ASKED,
    tier=st.sampled_from([0, 0, 0, 1, 2]),
    account_id=ASKED,
    labels=st.one_of(st.just(()), LABELS),
)
CALLS = st.tuples(
    st.builds(
        Attribution,
        tenant_id=st.sampled_from(["a", "b"]),
        user_id=VALUES,
        task_id=VALUES,
        labels=LABELS,
    ),
    st.builds(
        Target,
        provider=VALUES,
        model=VALUES,
        tier=st.sampled_from([0, 1, 2]),
        account_id=VALUES,
    ),
)


@given(selectors=st.lists(SELECTORS, max_size=20), calls=st.lists(CALLS, max_size=5))
def test_a_call_finds_the_limits_that_select_it_and_no_others(selectors, calls):
    shelves, undo = Shelves(), Undo()
    for place, selector in enumerate(selectors):
        shelves.file(selector, f"l{place}", place, undo)
    for call in calls:
        selected = [place for place, one in enumerate(selectors) if one.selects(*call)]
        assert sorted(shelves.matching(*call)) == selected


@given(
    selectors=st.lists(SELECTORS, min_size=1, max_size=12),
    removed=st.lists(st.integers(0, 11), unique=True),
    call=CALLS,
)
def test_what_is_removed_is_not_found_and_leaves_no_empty_shelf(selectors, removed, call):
    shelves, undo = Shelves(), Undo()
    for place, selector in enumerate(selectors):
        shelves.file(selector, f"l{place}", place, undo)
    undo.forget()
    before = sorted(shelves.matching(*call))
    gone = [place for place in removed if place < len(selectors)]
    for place in gone:
        shelves.remove(selectors[place], f"l{place}", undo)
    assert sorted(shelves.matching(*call)) == [place for place in before if place not in gone]
    if len(gone) == len(selectors):
        assert not shelves.plain
        assert not shelves.labelled
    undo.rewind()
    assert sorted(shelves.matching(*call)) == before


@given(
    selectors=st.lists(SELECTORS, min_size=1, max_size=12),
    changed=st.lists(st.integers(0, 11)),
    call=CALLS,
)
def test_what_is_filed_again_is_found_as_it_is_now_until_it_is_taken_back(selectors, changed, call):
    shelves, undo = Shelves(), Undo()
    for place, selector in enumerate(selectors):
        shelves.file(selector, f"l{place}", place, undo)
    undo.forget()
    before = sorted(shelves.matching(*call))
    again = {place for place in changed if place < len(selectors)}
    for place in again:
        shelves.file(selectors[place], f"l{place}", 100 + place, undo)
        shelves.file(selectors[place], f"m{place}", 200 + place, undo)
    now = [100 + place if place in again else place for place in before]
    now += [200 + place for place in before if place in again]
    assert sorted(shelves.matching(*call)) == sorted(now)
    undo.rewind()
    assert sorted(shelves.matching(*call)) == before


@given(selector=SELECTORS, call=CALLS)
def test_what_selects_a_call_also_agrees_with_it(selector, call):
    if selector.selects(*call):
        assert selector.agrees_with(*call)


def test_a_report_leaves_open_what_it_does_not_name():
    of_anthropic = Selector(provider="anthropic", user_id="ann")
    assert of_anthropic.agrees_with(Attribution(), Target())
    assert of_anthropic.agrees_with(Attribution(user_id="ann"), Target(model="m"))
    assert not of_anthropic.agrees_with(Attribution(user_id="bob"), Target())


def test_a_call_looks_at_as_many_shelves_as_there_are_shapes():
    shelves, undo = Shelves(), Undo()
    for place in range(10_000):
        shelves.file(Selector(user_id=f"u{place}"), f"u{place}", place, undo)
        shelves.file(Selector(key_id=f"k{place}"), f"k{place}", place, undo)
    assert len(shelves.plain) == 2
    found = shelves.matching(Attribution(user_id="u7", key_id="k9"), Target())
    assert sorted(found) == [7, 9]
