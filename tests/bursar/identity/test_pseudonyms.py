"""Names become pseudonyms once, at whatever door they come in."""

from __future__ import annotations

from pathlib import Path

from bursar.identity import Keyring, NameTable, Pseudonyms


def _pseudonyms(data_dir: Path) -> tuple[Pseudonyms, NameTable]:
    names = NameTable.open(data_dir)
    return Pseudonyms(Keyring.open(data_dir), names), names


def test_a_name_is_remembered_under_the_pseudonym_that_stands_for_it(tmp_path: Path) -> None:
    pseudonyms, names = _pseudonyms(tmp_path)
    pseudonym = pseudonyms.user("default", "ann")
    assert pseudonym.startswith("user_") and "ann" not in pseudonym
    assert names.name_of("default", pseudonym) == "ann"


def test_a_second_door_leaves_a_pseudonym_as_it_is(tmp_path: Path) -> None:
    pseudonyms, _ = _pseudonyms(tmp_path)
    pseudonym = pseudonyms.user("default", "ann")
    assert pseudonyms.user("default", pseudonym) == pseudonym


def test_every_process_on_one_data_directory_gives_the_same(tmp_path: Path) -> None:
    assert _pseudonyms(tmp_path)[0].user("t", "ann") == _pseudonyms(tmp_path)[0].user("t", "ann")


def test_one_name_in_two_tenants_has_two_pseudonyms(tmp_path: Path) -> None:
    pseudonyms, _ = _pseudonyms(tmp_path)
    assert pseudonyms.user("a", "ann") != pseudonyms.user("b", "ann")


def test_nobody_stays_nobody(tmp_path: Path) -> None:
    pseudonyms, _ = _pseudonyms(tmp_path)
    assert pseudonyms.user("default", "") == ""
