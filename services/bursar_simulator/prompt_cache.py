"""The providers' own prompt caches: which part of a request's input is read from or written to
them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from bursar.dialects.body import JsonObject, encode
from bursar_simulator.request_blocks import Block, blocks_of, cut_after

MINUTE_NS = 60 * 1_000_000_000
PREFIXES_MAX = 200_000


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Parts of the input tokens."""

    read_tokens: int = 0
    write_tokens: int = 0
    write_1h_tokens: int = 0


NOTHING_CACHED = CacheUse()


class PrefixStore:
    """Prefixes by hash, with the tokens each stands for, until they expire."""

    def __init__(self) -> None:
        self._entries: OrderedDict[bytes, tuple[int, int, int]] = OrderedDict()

    def read(self, digest: bytes, now_ns: int) -> int | None:
        """The prefix's tokens. A read makes it live as long again."""
        entry = self._entries.get(digest)
        if entry is None:
            return None
        tokens, lifetime_ns, expires_at_ns = entry
        if now_ns >= expires_at_ns:
            del self._entries[digest]
            return None
        self.write(digest, tokens, lifetime_ns, now_ns)
        return tokens

    def write(self, digest: bytes, tokens: int, lifetime_ns: int, now_ns: int) -> None:
        self._entries[digest] = (tokens, lifetime_ns, now_ns + lifetime_ns)
        self._entries.move_to_end(digest)
        if len(self._entries) > PREFIXES_MAX:
            self._entries.popitem(last=False)


class AnthropicPromptCache:
    """Prefixes up to a block with `cache_control`, in the order tools, system, messages.

    A mark also finds what earlier calls wrote at one of the 20 blocks before it. Source of the
    rules: Anthropic's page on prompt caching.
    """

    MARKS_MAX = 4
    LOOKBACK_BLOCKS = 20
    TOKENS_MIN = 1_024
    """The least prefix of most models; some take 512, 2,048 or 4,096."""

    def __init__(self) -> None:
        self._store = PrefixStore()

    def use(
        self,
        request: JsonObject,
        scope: bytes,
        count_tokens: Callable[[JsonObject], int],
        now_ns: int,
    ) -> CacheUse:
        """What this request reads and writes. `scope` keeps accounts and models apart;
        `count_tokens` counts a request that ends at a mark.
        """
        blocks = list(blocks_of(request, scope))
        marked = [place for place, block in enumerate(blocks) if block.lifetime]
        found_at, tokens = self._found(blocks, marked, now_ns)
        read_tokens, written = tokens, {"5m": 0, "1h": 0}
        for place in marked:
            if place <= found_at:
                continue
            prefix_tokens = count_tokens(cut_after(request, blocks[place].place))
            if prefix_tokens < self.TOKENS_MIN:
                continue
            lifetime = blocks[place].lifetime
            lifetime_ns = 60 * MINUTE_NS if lifetime == "1h" else 5 * MINUTE_NS
            self._store.write(blocks[place].digest, prefix_tokens, lifetime_ns, now_ns)
            written[lifetime] += max(prefix_tokens - tokens, 0)
            tokens = max(prefix_tokens, tokens)
        return CacheUse(read_tokens, written["5m"], written["1h"])

    def _found(self, blocks: list[Block], marked: list[int], now_ns: int) -> tuple[int, int]:
        """(place, tokens) of the longest known prefix; (-1, 0) without one."""
        for mark in reversed(marked):
            for place in range(mark, max(mark - self.LOOKBACK_BLOCKS, -1), -1):
                tokens = self._store.read(blocks[place].digest, now_ns)
                if tokens is not None:
                    return place, tokens
        return -1, 0


class OpenAiPromptCache:
    """The longest beginning that an earlier prompt had too, from 1,024 tokens in steps of 128.

    Compared by blocks of bytes, whose share of the prompt is taken as their share of its tokens.
    From GPT-5.6 on what is new is reported as written. Source: OpenAI's page on prompt caching.
    """

    TOKENS_MIN = 1_024
    TOKENS_STEP = 128
    BLOCK_BYTES = 512
    LIFETIME_NS = 10 * MINUTE_NS

    def __init__(self) -> None:
        self._store = PrefixStore()

    def use(
        self, request: JsonObject, scope: bytes, input_tokens: int, now_ns: int, is_write_told: bool
    ) -> CacheUse:
        """What this request of so many tokens reads, and writes where that is told."""
        if input_tokens < self.TOKENS_MIN:
            return NOTHING_CACHED
        prompt = encode([request.get("tools"), request.get("messages")])
        known_bytes = self._known_bytes(prompt, scope, now_ns)
        read_tokens = self._in_steps(input_tokens * known_bytes // len(prompt))
        if not is_write_told:
            return CacheUse(read_tokens)
        return CacheUse(read_tokens, self._in_steps(input_tokens) - read_tokens)

    def _known_bytes(self, prompt: bytes, scope: bytes, now_ns: int) -> int:
        running, known_bytes, is_known = sha256(scope), 0, True
        for start in range(0, len(prompt) - self.BLOCK_BYTES + 1, self.BLOCK_BYTES):
            running.update(prompt[start : start + self.BLOCK_BYTES])
            digest = running.copy().digest()
            is_known = is_known and self._store.read(digest, now_ns) is not None
            if is_known:
                known_bytes = start + self.BLOCK_BYTES
            else:
                self._store.write(digest, 0, self.LIFETIME_NS, now_ns)
        return known_bytes

    def _in_steps(self, tokens: int) -> int:
        return 0 if tokens < self.TOKENS_MIN else tokens - tokens % self.TOKENS_STEP
