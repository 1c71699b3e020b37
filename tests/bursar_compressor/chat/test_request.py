"""Chat requests of either provider, as bytes."""

from __future__ import annotations

import json

import pytest

from bursar.errors import InvalidRequest
from bursar.tokens.cache import CountCache
from bursar.tokens.chats import ChatFormat, count_chat
from bursar_compressor.chat.request import FitOrder, fit, originals_of

RESULT = "\n".join(f"{number}: the words of result {number} in their order" for number in range(90))


def anthropic_body(turns: int) -> dict[str, object]:
    messages: list[object] = [{"role": "user", "content": "Look."}]
    for number in range(turns):
        use = {"type": "tool_use", "id": f"t{number}", "name": "look", "input": {"at": number}}
        text = RESULT.replace("result", f"result {number} of")
        part = {"type": "tool_result", "tool_use_id": f"t{number}", "content": text}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [part]}]
    return {
        "model": "claude-sonnet-4-5",
        "max_tokens": 100,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
        "messages": messages,
        "temperature": 0.7,
    }


def order(body: object, target_tokens: int, **terms: object) -> FitOrder:
    source = json.dumps(body).encode()
    fields = {
        "body": source,
        "chat_format": ChatFormat.ANTHROPIC_MESSAGES,
        "model": "",
        "target_tokens": target_tokens,
        "may_renumber": True,
        "may_clear": True,
        "references": tuple(f"blob_{place:064x}" for place in range(100)),
    }
    return FitOrder(**{**fields, **terms})  # type: ignore[arg-type]


def test_a_request_that_fits_comes_back_byte_for_byte() -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "seed": 1}
    asked = order(body, 1_000, chat_format=ChatFormat.OPENAI_CHAT)
    result = fit(asked, CountCache())
    assert result.body == asked.body
    assert result.tokens_before == result.tokens_after


def test_only_results_change_when_old_turns_are_cleared() -> None:
    body = anthropic_body(8)
    result = fit(order(body, 9_000), CountCache())
    after = json.loads(result.body)
    assert list(after) == list(body)
    assert {**after, "messages": 0} == {**body, "messages": 0}
    assert result.fitted.cleared
    place = result.fitted.cleared[0]
    part = after["messages"][place]["content"][0]
    assert part["tool_use_id"] == f"t{(place - 2) // 2}"
    assert f"blob_{place:064x}" in part["content"]
    counted = count_chat(after, "claude-sonnet-4-5", ChatFormat.ANTHROPIC_MESSAGES).tokens
    assert result.tokens_after == counted <= 9_000 < result.tokens_before


def test_an_image_in_an_old_turn_gives_way_to_a_marker() -> None:
    body = anthropic_body(8)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "a"}}
    messages = body["messages"]
    assert isinstance(messages, list)
    messages[2:2] = [
        {"role": "assistant", "content": "Show me."},
        {"role": "user", "content": [image]},
    ]
    result = fit(order(body, 9_000), CountCache())
    assert 3 in result.fitted.cleared
    assert json.loads(result.body)["messages"][3]["content"][0]["type"] == "text"


def test_what_is_kept_of_a_message_is_its_text_or_its_json() -> None:
    body = {
        "messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": [{"a": 1}]}]
    }
    assert originals_of(json.dumps(body).encode()) == [b"Hi", b'[{"a":1}]']


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"messages": 1}', b'{"messages": [1]}'])
def test_what_is_no_chat_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as refused:
        originals_of(body)
    assert "body_json" in str(refused.value)
