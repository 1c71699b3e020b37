"""What the simulated model says: made from the request alone, marked, and within its bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256

MARK = "SIMULATED"
ABOUT_CHARACTERS_MAX = 48
WORDS_DEFAULT = 24
_VOCABULARY = (
    "account adds amount answer audit balance before bound budget cache call change claim cost "
    "count credit debit draft each entry even event fair figure first fold frame given grant hold "
    "input ledger level limit log made margin meter minor note number often one order output paid "
    "part plain price prompt proof quota rate report rest round saved settle share short spend "
    "step sum token total turn under unit usage window"
)
_WORDS = _VOCABULARY.split()


class Stop(Enum):
    """Why the model stopped."""

    END = "end"
    BOUND = "bound"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Wish:
    """What an answer is made from. `seed` stands for the request: the same one, the same answer.

    `bound_tokens` is the request's own bound of one answer, `target_tokens` 0 for the usual length.
    `tool_name` empty calls none.
    """

    seed: bytes
    about: str
    bound_tokens: int
    target_tokens: int = 0
    tool_name: str = ""
    tool_input_json: str = ""
    is_thinking: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `output_tokens` counts all of it, `reasoning_tokens` its thoughts."""

    text: str
    stop: Stop
    output_tokens: int
    reasoning_tokens: int = 0
    thinking: str = ""
    tool_name: str = ""
    tool_input_json: str = ""


def reply_to(wish: Wish, count_tokens: Callable[[str], int]) -> Reply:
    """The answer to `wish`: never above its bound, always marked."""
    thinking, reasoning_tokens = _thoughts(wish, count_tokens)
    bound_tokens = wish.bound_tokens - reasoning_tokens
    calling = _call(wish, bound_tokens, count_tokens)
    if calling is not None:
        text, tokens = calling
        return Reply(
            text=text,
            stop=Stop.TOOL,
            output_tokens=tokens + reasoning_tokens,
            reasoning_tokens=reasoning_tokens,
            thinking=thinking,
            tool_name=wish.tool_name,
            tool_input_json=wish.tool_input_json,
        )
    text, tokens, is_cut = _text(wish, bound_tokens, count_tokens)
    return Reply(
        text=text,
        stop=Stop.BOUND if is_cut else Stop.END,
        output_tokens=tokens + reasoning_tokens,
        reasoning_tokens=reasoning_tokens,
        thinking=thinking,
    )


def _thoughts(wish: Wish, count_tokens: Callable[[str], int]) -> tuple[str, int]:
    """(thoughts, their tokens): none where they would leave no room for an answer."""
    if not wish.is_thinking:
        return "", 0
    thinking = f"{MARK} thinking about {wish.about!r}: {' '.join(_words(wish.seed[::-1], 12))}."
    tokens = count_tokens(thinking)
    return (thinking, tokens) if tokens * 2 <= wish.bound_tokens else ("", 0)


def _call(
    wish: Wish, bound_tokens: int, count_tokens: Callable[[str], int]
) -> tuple[str, int] | None:
    """(words before a tool call, tokens of all), or None without a call or room for one."""
    if not wish.tool_name:
        return None
    text = f"{MARK} call of {wish.tool_name}."
    tokens = sum(map(count_tokens, (text, wish.tool_name, wish.tool_input_json)))
    return (text, tokens) if tokens <= bound_tokens else None


def _text(
    wish: Wish, bound_tokens: int, count_tokens: Callable[[str], int]
) -> tuple[str, int, bool]:
    """(text, its tokens, whether the bound cut it)."""
    words = [MARK, "reply", wish.seed.hex()[:8], *(f"about {wish.about!r}:".split(" "))]
    words += _words(wish.seed, wish.target_tokens or WORDS_DEFAULT)
    wanted_tokens = min(bound_tokens, wish.target_tokens or bound_tokens)
    text = " ".join(words)
    tokens = count_tokens(text)
    if tokens <= wanted_tokens:
        return text, tokens, False
    text = " ".join(words[: _fitting(words, wanted_tokens, count_tokens)])
    if not wish.target_tokens or bound_tokens < wish.target_tokens:
        return text, bound_tokens, True  # providers count what they cut as the whole bound
    return text, min(count_tokens(text), wanted_tokens), False


def _fitting(words: list[str], wanted_tokens: int, count_tokens: Callable[[str], int]) -> int:
    """How many words fit; at least one, for the mark is never left out."""
    fits, too_many = 1, len(words)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if count_tokens(" ".join(words[:middle])) <= wanted_tokens:
            fits = middle
        else:
            too_many = middle
    return fits


def _words(seed: bytes, number: int) -> list[str]:
    blocks = (sha256(seed + place.to_bytes(4, "big")).digest() for place in range(0, number, 32))
    return [_WORDS[byte % len(_WORDS)] for byte in b"".join(blocks)[:number]]
