"""Files are whole, private, and their failures say what to do."""

import os

import pytest

from bursar.durable_files import (
    create_file,
    make_private_directory,
    replace_file,
    storage_errors,
)
from bursar.errors import FailedPrecondition, StorageFull


def test_a_file_is_replaced_whole_and_stays_private(tmp_path):
    path = tmp_path / "file"
    replace_file(path, b"old")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_exists_is_not_created_again(tmp_path):
    path = tmp_path / "file"
    assert create_file(path, b"first")
    assert not create_file(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_directories_are_made_with_their_parents_for_this_user_alone(tmp_path):
    make_private_directory(tmp_path / "a" / "b")
    make_private_directory(tmp_path / "a" / "b")
    for path in (tmp_path / "a", tmp_path / "a" / "b"):
        assert path.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way_of_a_directory_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FailedPrecondition, match="choose another data directory"):
            make_private_directory(path)


def test_a_full_disk_is_told_apart_with_its_remedy(tmp_path):
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(StorageFull, match="free some"), storage_errors(tmp_path):
            os.write(full, b"x")
    finally:
        os.close(full)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "file"
    path.mkdir()  # a file cannot replace a directory
    with pytest.raises(FailedPrecondition):
        replace_file(path, b"new")
    assert list(tmp_path.iterdir()) == [path]
