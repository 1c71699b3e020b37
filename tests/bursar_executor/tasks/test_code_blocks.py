"""Code in an answer becomes files."""

from bursar_executor.tasks.code_blocks import BLOCKS_MAX, blocks_of


def test_each_fenced_block_of_a_known_language_is_a_file():
    text = "Like so:\n```python\nx = 1\n```\nand\n```sh title=a\necho\n```\n```mermaid\nA\n```\n"

    assert blocks_of(text) == {"block_1.py": b"x = 1\n", "block_2.sh": b"echo\n"}


def test_words_alone_and_a_fence_that_is_never_closed_are_no_code():
    assert blocks_of("no code") == {}
    assert blocks_of("```python\nx = 1\n") == {}


def test_there_is_a_bound_to_them():
    assert len(blocks_of("```py\nx\n```\n" * (BLOCKS_MAX + 1))) == BLOCKS_MAX
