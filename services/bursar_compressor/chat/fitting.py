"""A chat brought into a context window.

Told as it came about: message after message, and at each point where a request went out, whether it
fitted. Where it would not, old results are cleared in one large step, and stay so. Whoever follows
the same conversation later comes to the same steps: what a provider has cached is sent again as it
was, but for the turn of a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bursar_compressor.chat.clearing import cleared
from bursar_compressor.chat.conversation import Conversation
from bursar_compressor.chat.texts import REWRITTEN_ROLES, Message, holds_result, rewritten
from bursar_compressor.rewriting import Count
from bursar_compressor.smart_truncation import unreachable

LOW_WATER_PCT = 60  # of the target, to which a step clears: the next one is far
RECENT_KEPT = 3  # results that a step leaves, besides those that no answer was given to yet
CLEARED_TOKENS_MIN = 160  # a smaller message costs about as much as its marker
SLACK_TOKENS = 32  # a request is counted as the sum of its messages, which may be a little less
# A provider reads its cache at 0.1 and writes it at 1.25 of the price.
READ_PERMILLE, WRITTEN_PERMILLE = 100, 1250


@dataclass(frozen=True, slots=True)
class Window:
    """What a chat has to fit into, and by what means.

    tokens_of: of a request with these messages, tools and system in it; message_tokens: what one
    message adds. references: what restores the content of each. may_clear: whether old results may
    go.
    """

    target_tokens: int
    tokens_of: Callable[[Sequence[Message]], int]
    message_tokens: Callable[[Message], int]
    count: Count
    references: Sequence[str]
    may_renumber: bool
    may_clear: bool


@dataclass(frozen=True, slots=True)
class CacheLoss:
    """What clearing in this turn costs: the tokens that a provider's cache held and takes in again,
    and by how many each further turn is shorter.
    """

    broken_tokens: int = 0
    saved_tokens: int = 0

    @property
    def cost_tokens(self) -> int:
        """In uncached input tokens, rounded up."""
        return -(-self.broken_tokens * (WRITTEN_PERMILLE - READ_PERMILLE) // 1000)

    @property
    def break_even_turns(self) -> int:
        """After so many further turns it has paid for itself; 0 when nothing is saved."""
        saved_permille = self.saved_tokens * READ_PERMILLE
        return -(-self.cost_tokens * 1000 // saved_permille) if saved_permille > 0 else 0


@dataclass(frozen=True, slots=True)
class Fitted:
    """`cleared` are the places of the messages that gave way to markers."""

    messages: list[Message]
    cleared: tuple[int, ...]
    loss: CacheLoss


def fitted(messages: Sequence[Message], window: Window) -> Fitted:
    """The messages as they are sent. Raises InvalidRequest with `least_tokens` when they cannot be
    brought below the target.
    """
    sent = _Sent(messages, window)
    loss = CacheLoss()
    for place in range(len(messages)):
        sent.enter(place)
        if not _is_request(messages, place):
            continue
        loss = CacheLoss()
        if window.may_clear and sent.tokens > window.target_tokens - SLACK_TOKENS:
            loss = sent.clear()
        sent.requested = list(sent.messages)
    tokens = window.tokens_of(sent.messages)
    if tokens > window.target_tokens:
        raise unreachable(window.target_tokens, tokens)
    return Fitted(sent.messages, tuple(sorted(sent.cleared)), loss)


def _is_request(messages: Sequence[Message], place: int) -> bool:
    following = place + 1
    return following == len(messages) or messages[following].get("role") == "assistant"


@dataclass(slots=True)
class _Sent:
    """A conversation up to some message, as it is sent. `requested` is what went out last."""

    source: Sequence[Message]
    window: Window
    cleared: set[int] = field(default_factory=set)
    messages: list[Message] = field(default_factory=list)
    requested: list[Message] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)
    _conversation: Conversation = field(default_factory=Conversation)
    _frame_tokens: int = 0

    def __post_init__(self) -> None:
        self._conversation = Conversation(self.window.may_renumber)
        self._frame_tokens = self.window.tokens_of(())

    @property
    def tokens(self) -> int:
        return self._frame_tokens + sum(self._sizes)

    def enter(self, place: int) -> None:
        message = self.source[place]
        may_change = message.get("role") in REWRITTEN_ROLES and place not in self.cleared
        if place in self.cleared:
            size = self.window.message_tokens(message)
            message = cleared(message, size, self.window.references[place])
        shown = rewritten(
            message,
            lambda text: self._conversation.entered(text, may_change, self.window.count),
        )
        self.messages.append(shown)
        self._sizes.append(self.window.message_tokens(shown))

    def clear(self) -> CacheLoss:
        """One large step: the oldest results go until the low water mark, or none is left. What
        people said goes only where results were not enough.
        """
        before = self.tokens
        candidates = self._candidates()
        results = [place for place in candidates if holds_result(self.source[place])]
        self._clear(results)
        if self.tokens > self.window.target_tokens - SLACK_TOKENS:
            self._clear([place for place in candidates if place not in self.cleared])
        return self._loss(before - self.tokens)

    def _clear(self, candidates: list[int]) -> None:
        low_water_tokens = self.window.target_tokens * LOW_WATER_PCT // 100
        while candidates and self.tokens > low_water_tokens:
            excess_tokens = self.tokens - low_water_tokens
            while candidates and excess_tokens > 0:
                place = candidates.pop(0)
                self.cleared.add(place)
                excess_tokens -= self._sizes[place]
            self._tell_again()

    def _candidates(self) -> list[int]:
        """The oldest first. What the task is, what came last, and what is not answered yet stay."""
        roles = [message.get("role") for message in self.messages]
        last_answer = max((at for at, role in enumerate(roles) if role == "assistant"), default=0)
        answered = [at for at, role in enumerate(roles[:last_answer]) if role in REWRITTEN_ROLES]
        return [
            place
            for place in answered[1:-RECENT_KEPT]
            if place not in self.cleared and self._sizes[place] >= CLEARED_TOKENS_MIN
        ]

    def _tell_again(self) -> None:
        """From the first message on: a later one may point at lines that are cleared now."""
        places = len(self.messages)
        self._conversation = Conversation(self.window.may_renumber)
        self.messages, self._sizes = [], []
        for place in range(places):
            self.enter(place)

    def _loss(self, saved_tokens: int) -> CacheLoss:
        for place, message in enumerate(self.requested):
            if self.messages[place] != message:
                broken_tokens = sum(self._sizes[place : len(self.requested)])
                return CacheLoss(broken_tokens, saved_tokens)
        return CacheLoss(0, saved_tokens)
