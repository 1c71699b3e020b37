"""What becomes of each sample, to be read by people: tests/data/code."""

from __future__ import annotations

import pytest

from bursar_compressor.code.comments import without_comments
from bursar_compressor.code.focus import focus_of
from bursar_compressor.code.reading import read
from bursar_compressor.code.skeleton import skeleton
from bursar_compressor.code.tree import CodeTree
from code_samples import DIRECTORY, LANGUAGES, sample

REFERENCE = f"blob_{'0' * 64}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_comments_out_of_each_sample_give_the_file_beside_it(language: str) -> None:
    code = read(sample(language))
    assert isinstance(code, CodeTree)
    shorter = without_comments(code)
    assert shorter is not None
    assert shorter.source == (DIRECTORY / "uncommented" / LANGUAGES[language]).read_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_skeleton_of_each_sample_is_the_file_beside_it(language: str) -> None:
    code = read(sample(language))
    assert isinstance(code, CodeTree)
    shorter = skeleton(code, REFERENCE, focus_of(""))
    golden = DIRECTORY / "skeletons" / LANGUAGES[language]
    if shorter is None:
        assert not golden.exists()
    else:
        assert shorter.source == golden.read_bytes()
