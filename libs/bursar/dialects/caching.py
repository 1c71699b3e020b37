"""Which answers may be kept: the policy, and the reasons against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Uncacheable(Enum):
    """Why an answer is not kept; the value is what an audit shows."""

    NO_STORE = "the caller asked that nothing be stored"
    SAMPLED = "the answer is sampled: temperature is not 0, and caching such answers is off"
    SEVERAL_ANSWERS = "the request asks for more than one answer"
    TOOL_CALL = "the answer calls a tool, and caching such answers is off"
    LIVE_DATA = "the provider ran a tool of its own, whose result may change"
    TRUNCATED = "the answer was cut at a length"
    NOT_FINISHED = "the model did not end its turn"
    REFUSED = "the provider withheld the answer"
    FAILED = "the answer is an error or cannot be read"


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What a tenant or caller allows to be kept. The defaults are the strict ones."""

    is_store_refused: bool = False
    are_sampled_allowed: bool = False
    are_tool_calls_allowed: bool = False
