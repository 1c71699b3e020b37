"""What stood in an earlier message is pointed at."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_compressor.chat.conversation import Conversation

FILE = [
    "def load(path):",
    "    with open(path) as file:",
    "        return parse(file.read())",
    "",
    "def parse(text):",
    "    return dict(line.split('=') for line in text.splitlines())",
]
NUMBERED = [f"{number}:{line}" for number, line in enumerate(FILE, 10)]
MOVED = [f"{number}:{line}" for number, line in enumerate(FILE, 12)]


def sent(*messages: list[str], may_renumber: bool = True) -> list[str]:
    conversation = Conversation(may_renumber)
    return [conversation.entered("\n".join(lines)) for lines in messages]


def expanded(texts: list[str]) -> list[str]:
    """As one reads them who has seen only what was sent."""
    reader = Conversation()
    read = ["\n".join(reader.expanded(texts[0].split("\n")))]
    for text in texts[1:]:
        reader.entered(read[-1])
        read.append("\n".join(reader.expanded(text.split("\n"))))
    return read


def test_a_file_that_is_read_again_becomes_one_line() -> None:
    assert sent(["First:", *FILE], ["Again:", *FILE, "Done."])[1] == (
        'Again:\n[bursar: the 6 lines above from "def load" on again]\nDone.'
    )


def test_an_edited_file_becomes_its_changed_line_between_pointers() -> None:
    edited = [*FILE[:3], "", "def parse(text):  # renamed", *FILE[5:], *FILE[:4]]
    again = sent(FILE, edited)[1]
    assert "renamed" in again
    assert again.count("[bursar: ") == 2
    assert len(again) < len("\n".join(edited))


def test_later_pointers_are_shorter_than_the_first() -> None:
    pointers = sent(FILE, ["a", *FILE], ["b", *FILE])
    assert pointers[2] == 'b\n[bursar: 6 lines from "def load"]'


def test_lines_that_a_tool_numbered_anew_are_found_further_down() -> None:
    assert sent(NUMBERED, ["shown:", *MOVED])[1] == (
        'shown:\n[bursar: the 6 lines above from "10:def l" on again, numbered +2]'
    )


def test_at_level_plain_numbers_have_to_be_the_same() -> None:
    assert sent(NUMBERED, MOVED, may_renumber=False)[1] == "\n".join(MOVED)
    assert sent(NUMBERED, ["a", *NUMBERED], may_renumber=False)[1].startswith("a\n[bursar: ")


def test_numbers_that_do_not_grow_alike_are_not_renumbered() -> None:
    scattered = [*MOVED[:3], *NUMBERED[3:]]
    assert expanded(sent(NUMBERED, scattered))[1] == "\n".join(scattered)


def test_a_block_begins_only_with_a_line_that_can_be_seen() -> None:
    texts = sent(FILE, ["x", *FILE], FILE[2:])
    assert texts[2] == '[bursar: 4 lines from "return p"]'
    assert "        return parse(file.read())" in texts[0].split("\n")


def test_a_text_that_holds_a_marker_already_stays_as_it_is() -> None:
    text = [*FILE, "[bursar: something]"]
    assert sent(FILE, text)[1] == "\n".join(text)


def test_a_message_that_would_take_more_tokens_stays() -> None:
    conversation = Conversation()
    conversation.entered("\n".join(FILE))
    again = conversation.entered("\n".join(FILE), count=lambda text: -len(text))
    assert again == "\n".join(FILE)


LINES = st.sampled_from([*FILE, *NUMBERED, *MOVED, "}", "1:", "2:", "  12\tx", "  13\tx", ""])
MESSAGES = st.lists(st.lists(LINES, min_size=1, max_size=14), min_size=1, max_size=6)


@settings(max_examples=150)
@given(messages=MESSAGES)
def test_every_message_can_be_read_again_from_what_was_sent(messages: list[list[str]]) -> None:
    texts = sent(*messages)
    assert expanded(texts) == ["\n".join(lines) for lines in messages]


@settings(max_examples=100)
@given(messages=MESSAGES, further=st.lists(LINES, min_size=1, max_size=14))
def test_a_further_message_changes_nothing_that_was_sent(
    messages: list[list[str]], further: list[str]
) -> None:
    assert sent(*messages, further)[:-1] == sent(*messages)


@settings(max_examples=100)
@given(messages=MESSAGES)
def test_what_was_sent_is_sent_as_it_is_when_it_comes_again(messages: list[list[str]]) -> None:
    texts = sent(*messages)
    conversation = Conversation()
    assert [conversation.entered(text) for text in texts] == texts


def test_a_message_of_one_line_over_and_over_takes_no_longer_than_its_length() -> None:
    lines = ["the very same line over and over"] * 20_000
    texts = sent(lines, [*lines, "end"], ["the very same line over and over, but longer", *lines])
    assert expanded(texts)[1] == "\n".join([*lines, "end"])
