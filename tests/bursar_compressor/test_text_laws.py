"""What holds of code, prose and chats at every level."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.errors import InvalidRequest
from bursar_compressor import work
from bursar_compressor.domain import Compressed, Order
from bursar_compressor.registry import Level
from bursar_compressor.rewriting import Extra
from code_samples import LANGUAGES, sample

REFERENCE = f"blob_{'0' * 64}"
MODEL = "gpt-4o"
PROSE = (
    "The town has several schools and a market. The function of the old bridge is to carry trains. "
    "It was finished in 1871.\n\nNobody knows who paid for it. Its configuration changed twice."
) * 3
CHAT = json.dumps(
    [{"role": role, "content": sample("go")} for role in ("system", "user", "assistant", "tool")]
)
CONTENTS = st.sampled_from([*map(sample, LANGUAGES), PROSE, CHAT])


def compressed(order: Order) -> Compressed | None:
    try:
        return work.compressed(order, MODEL).compressed
    except InvalidRequest:
        return None


@st.composite
def orders(draw: st.DrawFn) -> Order:
    content = draw(CONTENTS)
    begin = draw(st.integers(0, len(content)))
    kept = content[begin : begin + draw(st.integers(0, 30))]
    return Order(
        content,
        level=draw(st.sampled_from(Level)),
        target_tokens=draw(st.sampled_from([0, 0, 90, 140])),
        query=draw(st.sampled_from(["", "what is the total?", "when was the bridge finished?"])),
        reference=REFERENCE,
        protected=(kept,) if kept else (),
        extras=draw(st.frozensets(st.sampled_from(Extra))),
    )


@settings(max_examples=60, deadline=None)
@given(order=orders())
def test_never_longer_protected_as_it_was_the_same_each_time_and_left_alone_the_second(
    order: Order,
) -> None:
    once = compressed(order)
    assert once == compressed(order)
    if once is None:
        return
    assert once.tokens_after <= once.tokens_before
    assert all(text in once.content for text in order.protected)
    assert not order.target_tokens or once.tokens_after <= order.target_tokens
    again = compressed(replace(order, content=once.content))
    assert again is not None
    assert again.content == once.content
