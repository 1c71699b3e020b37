"""The shortest way to tell a model what it does not know yet."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_compressor.context.prompts import Context, Form, full, pieces, prompt

FILE = "\n".join(f"line {number} of the file" for number in range(40)) + "\n"
FIRST = Context(f"ctx_{'1' * 64}", FILE, "src/a.py")
SECOND = Context(f"ctx_{'2' * 64}", FILE.replace("line 7 ", "line seven "), "src/a.py")
OTHER = Context(f"ctx_{'3' * 64}", "something else entirely\n", "notes")


def forms(wanted: list[Context], seen: list[Context]) -> list[Form]:
    return [piece.form for piece in pieces(wanted, seen, len)]


def test_what_was_never_seen_is_told_in_full() -> None:
    assert prompt(pieces([FIRST], [], len)) == f"[bursar: src/a.py ctx_111111111111]\n{FILE}"


def test_what_was_seen_is_named() -> None:
    assert prompt(pieces([FIRST], [FIRST], len)) == (
        "[bursar: src/a.py ctx_111111111111, as above]\n"
    )


def test_of_a_later_version_the_changes_are_told() -> None:
    (piece,) = pieces([SECOND], [OTHER, FIRST], len)
    assert (piece.form, piece.base) == (Form.DELTA, FIRST.reference)
    assert piece.text == (
        "[bursar: src/a.py ctx_222222222222 is ctx_111111111111 but for]\n"
        "@@ -6,5 +6,5 @@\n line 5 of the file\n line 6 of the file\n"
        "-line 7 of the file\n+line seven of the file\n line 8 of the file\n line 9 of the file\n"
    )


def test_what_an_earlier_piece_of_the_same_prompt_tells_is_seen_by_the_next() -> None:
    assert forms([FIRST, SECOND, FIRST], []) == [Form.FULL, Form.DELTA, Form.REFERENCE]


def test_a_text_shorter_than_its_reference_is_told_again() -> None:
    tiny = Context(OTHER.reference, "x\n")
    assert forms([tiny], [tiny]) == [Form.FULL]


CONTENTS = st.lists(st.sampled_from(FILE.split("\n")), min_size=1, max_size=30).map("\n".join)


@settings(max_examples=100)
@given(contents=st.lists(CONTENTS, min_size=1, max_size=5), seen_count=st.integers(0, 5))
def test_a_prompt_is_never_longer_than_the_full_texts(contents: list[str], seen_count: int) -> None:
    contexts = [Context(f"ctx_{hash(text):064x}", text) for text in contents]
    told = pieces(contexts, contexts[:seen_count], len)
    assert len(prompt(told)) <= sum(full(context, len).tokens for context in contexts)
    assert [piece.reference for piece in told] == [context.reference for context in contexts]
