import hashlib
import os
import stat
from pathlib import Path

import pytest

from bursar.errors import Conflict, FailedPrecondition, InvalidRequest
from bursar_executor.working_copy.applying import Replacement, apply


def replacement(path: str, before: bytes | None, after: bytes | None) -> Replacement:
    digest = b"" if before is None else hashlib.sha256(before).digest()
    return Replacement(path, digest, after)


def test_changes_are_written_created_and_deleted_and_modes_stay(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_bytes(b"old\n")
    (tmp_path / "run.sh").chmod(0o750)
    (tmp_path / "gone").write_bytes(b"x\n")
    written = apply(
        [
            replacement("run.sh", b"old\n", b"new\n"),
            replacement("gone", b"x\n", None),
            replacement("made/here.txt", None, b"made\n"),
        ],
        tmp_path,
    )
    assert written == ("run.sh", "gone", "made/here.txt")
    assert (tmp_path / "run.sh").read_bytes() == b"new\n"
    assert stat.S_IMODE((tmp_path / "run.sh").stat().st_mode) == 0o750
    assert not (tmp_path / "gone").exists()
    assert (tmp_path / "made/here.txt").read_bytes() == b"made\n"
    assert sorted(os.listdir(tmp_path)) == ["made", "run.sh"]


def test_a_file_changed_meanwhile_is_a_conflict_that_names_it_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"edited by its owner")
    changes = [replacement("a", b"1", b"2"), replacement("b", b"1", b"2")]
    with pytest.raises(Conflict, match="b changed since it was read") as raised:
        apply(changes, tmp_path)
    assert raised.value.facts == {"path": "b"}
    assert (tmp_path / "a").read_bytes() == b"1"
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_a_new_file_never_overwrites_one_that_appeared_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"somebody else's")
    with pytest.raises(Conflict):
        apply([replacement("new", None, b"ours")], tmp_path)


def test_applying_twice_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    changes = [replacement("a", b"1", b"2")]
    assert apply(changes, tmp_path) == ("a",)
    assert apply(changes, tmp_path) == ()
    assert (tmp_path / "a").read_bytes() == b"2"


@pytest.mark.parametrize("path", ["../out", "/abs", "link/x", "linked", ".git/config"])
def test_nothing_is_written_outside_of_the_root_or_through_a_link(
    tmp_path: Path, path: str
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "x").write_bytes(b"1")
    (root / "link").symlink_to(tmp_path)
    (root / "linked").symlink_to(tmp_path / "x")
    with pytest.raises(InvalidRequest):
        apply([replacement(path, b"1", b"2")], root)
    assert (tmp_path / "x").read_bytes() == b"1"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    with pytest.raises(FailedPrecondition, match="cannot be written"):
        apply([replacement("file/below", None, b"2")], tmp_path)
