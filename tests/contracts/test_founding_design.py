"""The page about the founding design names no file and no test that does not exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/founding-design.md"
FROM_ROOT = ("libs/", "services/", "tests/", "protos/", "docs/")
SECTION = re.compile(r"^Code in `(?P<code>[^`]+)`, tests in `(?P<tests>[^`]+)`", re.MULTILINE)
NAMED = re.compile(r"`([\w./-]+\.py(?:::\w+)?)`")


def sections():
    """The text between headings, with the folders it speaks of."""
    for text in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        folders = SECTION.search(text)
        assert folders, f"{text.splitlines()[0]!r} does not say where its files are"
        yield text, ROOT / folders["code"], ROOT / folders["tests"]


def named():
    for text, code, tests in sections():
        for name in NAMED.findall(text):
            path, _, test = name.partition("::")
            folder = tests if test else code
            yield name, (ROOT if path.startswith(FROM_ROOT) else folder) / path, test


@pytest.mark.parametrize(("name", "path", "test"), sorted(set(named())), ids=str)
def test_what_the_page_names_is_there(name, path, test):
    assert path.is_file(), f"{name} is named on the page and is not there"
    if test:
        assert f"def {test}(" in path.read_text(encoding="utf-8"), f"{name} shows nothing"


def test_every_row_names_a_file_says_not_yet_or_says_left_out():
    for text, _, _ in sections():
        rows = [line for line in text.splitlines() if line.startswith("| ")]
        for row in rows:
            if row.startswith(("| --- ", "| The founding design says", "| Weakness")):
                continue
            cells = "|".join(row.split("|")[2:])
            assert re.search(r"`[\w./:]+`|not yet|left out|not assumed", cells), row
