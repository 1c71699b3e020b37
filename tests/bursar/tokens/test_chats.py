"""Whole requests of either format: laws that hold for any of them."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.tokens.cache import CountCache
from bursar.tokens.chats import ChatFormat, bound_chat, count_chat, count_chat_async
from bursar.tokens.vocabulary import encoding

MODELS = ["gpt-4o", "gpt-4", "gpt-5.6-sol", "claude-sonnet-4-6", "claude-opus-5", "no-name"]
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = [
    "role",
    "content",
    "name",
    "type",
    "text",
    "image_url",
    "tool_calls",
    "function",
    "source",
]
kinds = st.sampled_from(
    ["text", "image", "image_url", "tool_use", "tool_result", "document", "file", "input_audio"]
)
parts = st.dictionaries(st.sampled_from(FIELDS), kinds | json_values, max_size=4)
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]) | json_values},
    optional={"content": st.text(max_size=20) | st.lists(parts, max_size=3) | json_values},
)
requests = st.fixed_dictionaries(
    {"messages": st.lists(messages, max_size=3) | json_values},
    optional={
        "system": json_values,
        "tools": st.lists(parts | json_values, max_size=2),
        "functions": json_values,
        "tool_choice": json_values,
        "response_format": json_values,
        "output_config": json_values,
    },
)


@pytest.fixture(scope="module", autouse=True)
def loaded():
    encoding("o200k_base")
    encoding("cl100k_base")


@given(requests, st.sampled_from(MODELS), st.sampled_from(ChatFormat))
def test_any_request_is_counted_and_within_its_bound(request_body, model, chat_format):
    count = count_chat(request_body, model, chat_format)
    assert 0 <= count.tokens <= count.bound_tokens
    assert count.is_estimate == bool(count.reason)
    assert bound_chat(request_body, model, chat_format) == count.bound_tokens


@given(requests, st.sampled_from(MODELS), st.sampled_from(ChatFormat))
def test_a_cache_changes_no_count(request_body, model, chat_format):
    cache = CountCache()
    plain = count_chat(request_body, model, chat_format)
    assert count_chat(request_body, model, chat_format, cache) == plain
    assert count_chat(request_body, model, chat_format, cache) == plain


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5), st.sampled_from(MODELS))
def test_a_longer_chat_never_costs_less(texts, model):
    def count(until):
        body = {"messages": [{"role": "user", "content": text} for text in texts[:until]]}
        return count_chat(body, model, ChatFormat.OPENAI_CHAT).tokens

    assert count(len(texts)) >= count(len(texts) - 1)


def test_a_repeated_prefix_is_not_counted_again():
    cache = CountCache()
    chat = [{"role": "user", "content": f"question {number} " * 20} for number in range(20)]
    count_chat({"messages": chat[:-1]}, "gpt-4o", ChatFormat.OPENAI_CHAT, cache)
    misses_before = cache.misses
    count_chat({"messages": chat}, "gpt-4o", ChatFormat.OPENAI_CHAT, cache)
    assert cache.misses == misses_before + 1


class WatchedCache(CountCache):
    """Remembers which thread brought each count."""

    def __init__(self):
        super().__init__()
        self.threads = []

    def put(self, key, measure):
        self.threads.append(threading.current_thread())
        super().put(key, measure)


@pytest.mark.parametrize(("characters", "goes_to_a_thread"), [(4096, False), (4097, True)])
async def test_much_new_text_is_counted_in_a_thread(characters, goes_to_a_thread):
    request_body = {"messages": [{"role": "user", "content": "w" * characters}]}
    cache = WatchedCache()
    first = await count_chat_async(request_body, "gpt-4o", ChatFormat.OPENAI_CHAT, cache)
    assert (cache.threads[0] is not threading.main_thread()) == goes_to_a_thread
    again = await count_chat_async(request_body, "gpt-4o", ChatFormat.OPENAI_CHAT, cache)
    assert len(cache.threads) == 1  # known by now
    assert first == again == count_chat(request_body, "gpt-4o", ChatFormat.OPENAI_CHAT)
