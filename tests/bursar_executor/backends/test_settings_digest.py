"""Another setting of a tool is another result, wherever it stands."""

import pytest

from bursar_executor.backends.settings_digest import SETTINGS_NAMES, settings_digest
from bursar_executor.tools import eslint, prettier, ruff_settings, rustfmt


def test_without_an_origin_there_are_no_settings():
    assert settings_digest(["a.py"], None) == ""


@pytest.mark.parametrize("place", ["ruff.toml", "src/.ruff.toml", "src/shop/pyproject.toml"])
def test_a_settings_file_beside_or_above_a_file_counts(tmp_path, place):
    (tmp_path / "src" / "shop").mkdir(parents=True)
    before = settings_digest(["src/shop/cart.py"], tmp_path)

    (tmp_path / place).write_text("line-length = 80\n")
    with_settings = settings_digest(["src/shop/cart.py"], tmp_path)
    (tmp_path / place).write_text("line-length = 90\n")

    assert len({before, with_settings, settings_digest(["src/shop/cart.py"], tmp_path)}) == 3


def test_settings_above_the_origin_count(tmp_path):
    origin = tmp_path / "project"
    origin.mkdir()
    before = settings_digest(["a.py"], origin)

    (tmp_path / "ruff.toml").write_text("")

    assert settings_digest(["a.py"], origin) != before


def test_settings_of_other_directories_do_not_count(tmp_path):
    (tmp_path / "other").mkdir()
    before = settings_digest(["a.py"], tmp_path)

    (tmp_path / "other" / "ruff.toml").write_text("")

    assert settings_digest(["a.py"], tmp_path) == before


def test_every_file_in_which_a_repeatable_tool_looks_for_settings_is_known():
    looked_for = {
        *ruff_settings.NAMES,
        *eslint.SETTINGS,
        *prettier.SETTINGS,
        *rustfmt.SETTINGS,
        "Cargo.toml",
        ".editorconfig",
        ".prettierignore",
        ".shellcheckrc",
    }

    assert looked_for <= set(SETTINGS_NAMES)
