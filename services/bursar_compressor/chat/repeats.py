"""The messages of a chat without what stood in an earlier one.

Level plain where lines are the same, lossless where a tool numbered them anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from bursar_compressor.chat.conversation import Conversation
from bursar_compressor.chat.texts import REWRITTEN_ROLES, Message, rewritten
from bursar_compressor.rewriting import Count, Method, Options, Rewritten, unchanged


def without_repeats(
    messages: Sequence[Message], may_renumber: bool, count: Count | None = None
) -> list[Message]:
    """Each message as it depends on those before it alone. With `count`, a text stays as it is
    where it would not take fewer tokens.
    """
    conversation = Conversation(may_renumber)

    def entered(may_change: bool, text: str) -> str:
        return conversation.entered(text, may_change, count)

    return [
        rewritten(message, partial(entered, message.get("role") in REWRITTEN_ROLES))
        for message in messages
    ]


def _rewrite(content: str, options: Options, may_renumber: bool) -> Rewritten:
    try:
        messages = msgspec.json.decode(content, type=list[dict[str, object]])
    except (msgspec.DecodeError, RecursionError):
        return unchanged(content)
    shorter = without_repeats(messages, may_renumber, options.count)
    if shorter == messages:
        return unchanged(content)
    return Rewritten(msgspec.json.encode(shorter).decode(), "lines of earlier messages")


REPEATS = Method("chat_repeats", partial(_rewrite, may_renumber=False))
RENUMBERED = Method("chat_renumbered", partial(_rewrite, may_renumber=True))
