"""What the documentation shows works as shown."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from bursar_quota.limits_file import read_limits

ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")
_PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("samples/*.md")])


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of one language on a page."""
    text = (ROOT / page).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path):
    text = page.read_text()
    missing = [link for link in _LINK.findall(text) if not (page.parent / link).exists()]

    assert not missing


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_speaks_of_a_machine(page: Path):
    text = page.read_text()

    assert not re.findall(r"(?<![\w.])/(?:work|root|home|tmp)/\w+", text)


def test_the_limits_file_of_the_page_is_taken_as_it_stands(tmp_path: Path):
    [example] = blocks("docs/limits.md", "yaml")
    path = tmp_path / "limits.yaml"
    path.write_text(example)

    limits = read_limits(path)

    assert len(limits) == 12
    assert {limit.time_zone for limit in limits} == {"Europe/Berlin"}


async def test_the_python_example_of_the_front_page_runs(tmp_path: Path, monkeypatch, capsys):
    [example] = blocks("README.md", "python")
    monkeypatch.chdir(tmp_path)
    wrapped = "async def main():\n" + textwrap.indent(example, "    ")
    names: dict[str, object] = {}
    exec(wrapped, names)  # the page is ours
    await names["main"]()  # type: ignore[operator]

    printed = capsys.readouterr().out
    assert "-import os" in printed
