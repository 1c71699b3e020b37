"""A chat brought into a context window."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.errors import InvalidRequest
from bursar_compressor.chat.fitting import (
    CLEARED_TOKENS_MIN,
    RECENT_KEPT,
    CacheLoss,
    Fitted,
    Window,
    fitted,
)
from bursar_compressor.chat.texts import Message

FRAME_TOKENS = 50
RESULT_CHARS = 1_000


def count(text: str) -> int:
    """A token a character: what fits can be reckoned by hand."""
    return len(text)


def tokens_of(messages: Sequence[Message]) -> int:
    return FRAME_TOKENS + sum(3 + count(str(message.get("content") or "")) for message in messages)


def window(target_tokens: int, may_clear: bool = True) -> Window:
    references = [f"blob_{number:064x}" for number in range(200)]
    return Window(
        target_tokens,
        tokens_of,
        lambda message: tokens_of((message,)) - FRAME_TOKENS,
        count,
        references,
        may_renumber=True,
        may_clear=may_clear,
    )


def result(number: int) -> Message:
    text = f"result {number}: {'abcdefghij' * 100}"[:RESULT_CHARS]
    return {"role": "tool", "tool_call_id": f"call_{number}", "content": text}


def call(number: int) -> Message:
    return {"role": "assistant", "content": None, "tool_calls": [{"id": f"call_{number}"}]}


def chat(turns: int) -> list[Message]:
    messages: list[Message] = [
        {"role": "system", "content": "You mend code."},
        {"role": "user", "content": "Mend it."},
    ]
    for number in range(turns):
        messages += [call(number), result(number)]
    return messages


def sent(turns: int, target_tokens: int = 8_000) -> Fitted:
    return fitted(chat(turns), window(target_tokens))


def test_what_fits_is_sent_as_it_is() -> None:
    assert sent(5).messages == chat(5)
    assert sent(5).cleared == ()


def test_when_it_would_overflow_the_oldest_results_go_in_one_large_step() -> None:
    done = sent(8)
    assert tokens_of(done.messages) <= 8_000 * 60 // 100
    assert done.cleared == (3, 5, 7, 9)
    assert str(done.messages[3]["content"]).startswith("[bursar: 1003 tokens are left out; ")
    assert f"blob_{3:064x}" in str(done.messages[3]["content"])


def test_roles_calls_and_their_pairs_stay() -> None:
    before, after = chat(8), sent(8).messages
    assert [message["role"] for message in after] == [message["role"] for message in before]
    assert [m.get("tool_calls") for m in after] == [m.get("tool_calls") for m in before]
    assert [m.get("tool_call_id") for m in after] == [m.get("tool_call_id") for m in before]


def test_the_task_the_last_results_and_what_is_not_answered_yet_stay() -> None:
    messages = [*chat(8), {"role": "user", "content": "z" * 900}]
    done = fitted(messages, window(6_000))
    assert done.messages[1] == messages[1]
    assert done.messages[-1] == messages[-1]
    heard = [m for m in done.messages if m["role"] == "tool"]
    assert [m for m in heard[-RECENT_KEPT:] if "left out" in str(m["content"])] == []


def test_what_people_said_goes_only_when_results_are_not_enough() -> None:
    wish = {"role": "user", "content": f"And mind this: {'w' * 900}"}
    messages = chat(8)
    messages[4:4] = [wish]
    done = fitted(messages, window(8_000))
    assert done.cleared
    assert wish in done.messages
    assert wish not in fitted(messages, window(5_200)).messages


def test_the_cost_in_the_providers_cache_is_told_on_the_turn_of_the_step_alone() -> None:
    assert sent(7).loss == CacheLoss()
    loss = sent(8).loss
    assert loss.broken_tokens > 3 * RESULT_CHARS  # all from the first cleared message on
    assert loss.cost_tokens == -(-loss.broken_tokens * 115 // 100)
    assert loss.break_even_turns == -(-loss.cost_tokens * 10 // loss.saved_tokens)
    assert sent(9).loss == CacheLoss()
    assert sent(9).cleared == sent(8).cleared


def test_what_cannot_fit_is_refused_with_the_least_it_comes_to() -> None:
    with pytest.raises(InvalidRequest) as refused:
        sent(8, target_tokens=2_000)
    least_tokens = refused.value.facts["least_tokens"]
    assert isinstance(least_tokens, int)
    assert len(fitted(chat(8), window(least_tokens)).cleared) >= 4
    with pytest.raises(InvalidRequest):
        sent(8, target_tokens=least_tokens - 1)


def test_where_nothing_may_be_cleared_it_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        fitted(chat(8), window(8_000, may_clear=False))


def test_no_pointer_is_left_to_lines_that_were_cleared() -> None:
    lines = "\n".join(f"line {number} of a file that is read over and over" for number in range(25))
    messages = chat(0)
    for number in range(10):
        messages += [
            call(number),
            {**result(number), "content": f"{lines}\n{chr(97 + number) * 800}"},
        ]
    done = fitted(messages, window(6_000))
    assert done.cleared
    shown = [str(message["content"]) for message in done.messages if message["role"] == "tool"]
    first_pointer = next(at for at, text in enumerate(shown) if "lines above from" in text)
    assert any(lines in text for text in shown[:first_pointer])


SIZES = st.lists(st.integers(1, 1_500), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(sizes=SIZES, target_tokens=st.integers(1_500, 9_000))
def test_what_went_out_is_sent_again_as_it_was_but_for_the_turns_of_a_step(
    sizes: list[int], target_tokens: int
) -> None:
    before: list[Message] = []
    for turns in range(1, len(sizes) + 1):
        messages = chat(0)
        for number, size in enumerate(sizes[:turns]):
            content = f"{number} " + "y" * size
            messages += [call(number), {**result(number), "content": content}]
        try:
            done = fitted(messages, window(target_tokens))
        except InvalidRequest:
            return
        assert tokens_of(done.messages) <= target_tokens
        is_kept = done.messages[: len(before)] == before
        assert is_kept == (done.loss.broken_tokens == 0)
        before = done.messages


def test_a_small_message_is_not_worth_a_marker() -> None:
    messages = chat(0)
    for number in range(12):
        messages += [
            call(number),
            {**result(number), "content": chr(97 + number) * (CLEARED_TOKENS_MIN - 10)},
        ]
    with pytest.raises(InvalidRequest):
        fitted(messages, window(1_000))
