"""A message whose content gave way to a marker. Its role, its tool results' ids and the marks of a
provider's cache stay.
"""

from __future__ import annotations

from bursar_compressor.chat.texts import TEXT_PARTS, TOOL_RESULT, Message
from bursar_compressor.markers import OPENING

_WITH_IT = f"{OPENING}left out with it]"


def cleared(message: Message, tokens: int, reference: str) -> Message:
    """`reference` restores the content, of which `tokens` are told."""
    marker = f"{OPENING}{tokens} tokens are left out; the original: {reference}]"
    content = message.get("content")
    if not isinstance(content, list):
        return {**message, "content": marker}
    parts: list[object] = []
    for part in content:
        shown = marker if not parts else _WITH_IT
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == TOOL_RESULT:
            parts.append({**part, "content": shown})
        elif kind in TEXT_PARTS:
            parts.append({**part, "text": shown})
    return {**message, "content": parts or [{"type": "text", "text": marker}]}
