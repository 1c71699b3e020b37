"""Whole chats, of either format."""

from __future__ import annotations

import json

from bursar_compressor import work
from bursar_compressor.chat.repeats import without_repeats
from bursar_compressor.chat.texts import Message
from bursar_compressor.detection import Kind
from bursar_compressor.domain import Order
from bursar_compressor.registry import Level

FILE = "\n".join(f"line {number} of the file that was read" for number in range(20))


def test_only_what_people_and_tools_say_is_shortened() -> None:
    messages: list[Message] = [
        {"role": role, "content": FILE} for role in ("system", "user", "assistant", "tool")
    ]
    shorter = without_repeats(messages, may_renumber=False)
    assert [message["content"] == FILE for message in shorter] == [True, False, True, False]


def test_tool_results_and_text_parts_are_shortened_in_place() -> None:
    image = {"type": "image", "source": {"data": FILE}}
    messages: list[Message] = [
        {"role": "user", "content": [{"type": "text", "text": FILE, "cache_control": {}}, image]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": FILE},
                {"type": "tool_result", "content": [{"type": "text", "text": FILE}, image]},
            ],
        },
    ]
    first, second = without_repeats(messages, may_renumber=False)
    assert first == messages[0]
    assert second["content"] == [
        {
            "type": "tool_result",
            "tool_use_id": "a",
            "content": '[bursar: the 20 lines above from "line 0 o" on again]',
        },
        {
            "type": "tool_result",
            "content": [{"type": "text", "text": '[bursar: 20 lines from "line 0 o"]'}, image],
        },
    ]


def test_a_chat_given_as_json_stays_one_and_is_left_alone_the_second_time() -> None:
    chat = json.dumps([{"role": "user", "content": FILE}, {"role": "tool", "content": FILE}])
    once = work.compressed(Order(chat, Kind.CHAT, Level.PLAIN), "gpt-4o").compressed
    assert [change.method for change in once.changes] == ["json_minify", "chat_repeats"]
    assert [message["role"] for message in json.loads(once.content)] == ["user", "tool"]
    again = work.compressed(Order(once.content, Kind.CHAT, Level.PLAIN), "gpt-4o").compressed
    assert again.content == once.content
