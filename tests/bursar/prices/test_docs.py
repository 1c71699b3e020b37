"""docs/prices.md: its file is read, its example runs and prints what the page says."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from bursar.errors import InvalidRequest
from bursar.prices.own_file import own_rows

PAGE = (Path(__file__).parents[3] / "docs" / "prices.md").read_text()
FILE, EXAMPLE = (
    re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)[0] for kind in ("yaml", "python")
)
REFUSAL, PRINTED = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(autouse=True)
def prices_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "prices.yaml"
    path.write_text(FILE)
    return path


def test_the_worked_example_prints_what_the_page_says():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(EXAMPLE, "docs/prices.md", "exec"), {})
    assert printed.getvalue() == PRINTED


def test_the_refusal_reads_as_the_page_says(prices_file):
    prices_file.write_text(FILE.replace("_tokens: 15\n", "_tokens: cheap\n"))
    with pytest.raises(InvalidRequest) as refused:
        own_rows(Path("prices.yaml"))
    assert refused.value.message == REFUSAL.strip()


def test_the_table_names_every_field():
    from bursar.prices.own_format import OwnPrice

    assert set(OwnPrice.model_fields) <= set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE))
