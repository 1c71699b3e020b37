"""The providers' own caches, with the time passed in."""

from bursar_simulator.prompt_cache import (
    MINUTE_NS,
    AnthropicPromptCache,
    CacheUse,
    OpenAiPromptCache,
)
from bursar_simulator.request_blocks import blocks_of, cut_after, marks_in

MARK = {"cache_control": {"type": "ephemeral"}}
HOUR_MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


def words(number, word="word"):
    return f"{word} " * number


def text(number, mark=None, word="word"):
    return {"type": "text", "text": words(number, word), **(mark or {})}


def count_words(request):
    return sum(
        len(block["text"].split())
        for block in (
            *request["system"],
            *(block for message in request.get("messages", []) for block in message["content"]),
        )
    )


def ask(system, *messages):
    return {
        "system": system,
        "messages": [{"role": "user", "content": content} for content in messages],
    }


class Calls:
    """One account's calls to one model."""

    def __init__(self):
        self.cache = AnthropicPromptCache()

    def use(self, request, now_ns=0, scope=b"account"):
        return self.cache.use(request, scope, count_words, now_ns)


def test_a_marked_prefix_is_written_once_and_read_after_that():
    calls, request = Calls(), ask([text(2_000, MARK)], [text(50)])
    assert calls.use(request) == CacheUse(write_tokens=2_000)
    assert calls.use(request) == CacheUse(read_tokens=2_000)


def test_a_prefix_below_the_least_length_is_not_cached_and_says_nothing():
    calls, request = Calls(), ask([text(1_023, MARK)], [text(50)])
    assert calls.use(request) == CacheUse()
    assert calls.use(request) == CacheUse()
    assert calls.use(ask([text(1_024, MARK)], [text(50)])).write_tokens == 1_024


def test_a_conversation_reads_what_it_had_and_writes_what_is_new():
    calls = Calls()
    calls.use(ask([text(2_000, MARK)], [text(100, MARK)]))
    grown = ask([text(2_000, MARK)], [text(100)], [text(30)], [text(20, MARK)])
    assert calls.use(grown) == CacheUse(read_tokens=2_100, write_tokens=50)


def test_a_change_before_the_mark_reads_only_what_stands_before_it():
    calls = Calls()
    calls.use(ask([text(2_000, MARK)], [text(100, MARK)]))
    other = ask([text(2_000, MARK)], [text(100, MARK, word="other")])
    assert calls.use(other) == CacheUse(read_tokens=2_000, write_tokens=100)


def test_marks_look_back_over_20_blocks_and_no_further():
    for distance, read in ((19, 2_000), (20, 0)):
        calls = Calls()
        calls.use(ask([text(2_000, MARK)]))
        between = [[text(1)] for _ in range(distance - 1)]
        found = calls.use(ask([text(2_000)], *between, [text(1, MARK)]))
        assert found.read_tokens == read


def test_a_prefix_lives_five_minutes_from_its_last_use_or_an_hour():
    calls, request = Calls(), ask([text(2_000, MARK)], [text(5)])
    calls.use(request, 0)
    assert calls.use(request, 4 * MINUTE_NS).read_tokens == 2_000
    assert calls.use(request, 8 * MINUTE_NS).read_tokens == 2_000
    assert calls.use(request, 13 * MINUTE_NS).write_tokens == 2_000
    hour = ask([text(2_000, HOUR_MARK)], [text(100, MARK)])
    calls = Calls()
    assert calls.use(hour) == CacheUse(write_tokens=100, write_1h_tokens=2_000)
    assert calls.use(hour, 59 * MINUTE_NS) == CacheUse(read_tokens=2_000, write_tokens=100)


def test_accounts_and_models_share_nothing():
    calls, request = Calls(), ask([text(2_000, MARK)], [text(5)])
    calls.use(request, scope=b"one")
    assert calls.use(request, scope=b"other").read_tokens == 0


def test_a_mark_of_the_request_itself_stands_at_its_last_block():
    request = {**ask([text(2_000)], [text(50)]), **MARK}
    assert marks_in(request) == 1
    assert Calls().use(request) == CacheUse(write_tokens=2_050)


def test_a_request_is_cut_after_any_of_its_blocks():
    request = {"tools": [{"name": "t"}], **ask([text(1)], [text(2), text(3)], [text(4)])}
    cuts = [cut_after(request, block.place) for block in blocks_of(request, b"")]
    assert [count_words({"system": [], **cut}) for cut in cuts] == [0, 1, 3, 6, 10]


def automatic(cache, tokens, prompt, is_write_told=False, now_ns=0):
    request = {"messages": [{"role": "user", "content": prompt}]}
    return cache.use(request, b"account", tokens, now_ns, is_write_told)


def test_openai_caches_by_itself_from_1024_tokens_in_steps_of_128():
    cache = OpenAiPromptCache()
    assert automatic(cache, 1_023, words(2_000)) == CacheUse()
    assert automatic(cache, 1_023, words(2_000)) == CacheUse()
    assert automatic(cache, 2_001, words(2_000)) == CacheUse()
    again = automatic(cache, 2_001, words(2_000))
    assert 1_792 <= again.read_tokens <= 2_001
    assert again.read_tokens % 128 == 0


def test_openai_reads_the_common_beginning_of_another_prompt():
    cache = OpenAiPromptCache()
    automatic(cache, 4_000, words(4_000))
    shared = automatic(cache, 4_000, words(2_000) + words(2_000, "else"))
    assert 1_664 <= shared.read_tokens <= 2_000
    assert automatic(cache, 4_000, words(4_000, "else")).read_tokens == 0


def test_openai_tells_writes_of_its_later_models():
    cache = OpenAiPromptCache()
    first = automatic(cache, 2_001, words(2_000), is_write_told=True)
    assert first == CacheUse(0, 1_920)
    again = automatic(cache, 2_001, words(2_000), is_write_told=True)
    assert again.read_tokens + again.write_tokens == 1_920


def test_openai_forgets_after_ten_minutes():
    cache = OpenAiPromptCache()
    automatic(cache, 2_001, words(2_000))
    assert automatic(cache, 2_001, words(2_000), now_ns=10 * MINUTE_NS).read_tokens == 0
