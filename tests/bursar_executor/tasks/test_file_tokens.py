"""Files are counted once, for what they are."""

from bursar.tokens.texts import count_text
from bursar_executor.tasks.file_tokens import AT_ONCE_BYTES_MAX, COUNTED_AS, FileTokens


async def test_each_file_is_counted_by_the_public_vocabulary():
    text = "def total(prices): return sum(prices)\n"

    assert await FileTokens().of({"a.py": text.encode(), "empty": b""}) == {
        "a.py": count_text(text, COUNTED_AS).tokens,
        "empty": 0,
    }


async def test_long_files_count_the_same_as_short_ones():
    counts = FileTokens()
    line = "one two three\n"
    lines = AT_ONCE_BYTES_MAX // len(line) + 1

    short = (await counts.of({"a": line.encode()}))["a"]
    long = (await counts.of({"a": (line * lines).encode()}))["a"]

    assert long == short * lines


async def test_bytes_that_are_no_text_are_counted_all_the_same():
    assert (await FileTokens().of({"a": b"\xff\xfe\x00"}))["a"] > 0
