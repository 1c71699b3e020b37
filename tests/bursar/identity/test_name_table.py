"""Names are found by their pseudonyms until they are erased, and then nowhere."""

import sqlite3
import threading

import pytest

from bursar.errors import FailedPrecondition, Unavailable
from bursar.identity import NameTable


@pytest.fixture
def names(tmp_path):
    names = NameTable.open(tmp_path / "data")
    yield names
    names.close()


def bytes_on_disk(directory) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def test_a_name_is_found_by_tenant_and_pseudonym(names):
    names.remember("acme", "user_1", "Ann")
    names.remember("acme", "user_1", "Ann")
    assert names.name_of("acme", "user_1") == "Ann"
    assert names.name_of("other", "user_1") is None
    assert names.name_of("acme", "user_2") is None


def test_a_name_that_changed_replaces_the_old_one(names):
    names.remember("acme", "user_1", "Ann")
    names.remember("acme", "user_1", "Ann Lee")
    assert names.name_of("acme", "user_1") == "Ann Lee"


def test_an_erased_name_is_in_no_file_and_the_others_stay(names, tmp_path):
    for number in range(200):
        names.remember("acme", f"user_{number}", f"Forget-Me-{number:03}-Not")
    assert b"Forget-Me-137-Not" in bytes_on_disk(tmp_path)
    names.erase("acme", "user_137")
    assert names.name_of("acme", "user_137") is None
    assert b"Forget-Me-137-Not" not in bytes_on_disk(tmp_path)
    assert names.name_of("acme", "user_138") == "Forget-Me-138-Not"


def test_erasing_twice_or_what_was_never_known_is_no_error(names):
    names.remember("acme", "user_1", "Ann")
    names.erase("acme", "user_1")
    names.erase("acme", "user_1")
    names.erase("acme", "user_2")
    assert names.name_of("acme", "user_1") is None


def test_an_erasure_that_a_reader_holds_back_says_so_and_succeeds_later(tmp_path):
    (tmp_path / "data").mkdir()
    names = NameTable(tmp_path / "data" / "names.sqlite", busy_timeout_s=0.01)
    names.remember("acme", "user_1", "Forget-Me-Not")
    reader = sqlite3.connect(tmp_path / "data" / "names.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM names").fetchone() == (1,)
    with pytest.raises(Unavailable, match="erase it again"):
        names.erase("acme", "user_1")
    reader.close()
    names.erase("acme", "user_1")
    assert b"Forget-Me-Not" not in bytes_on_disk(tmp_path)
    names.close()


def test_names_survive_and_are_shared_between_two_who_opened_the_table(names, tmp_path):
    other = NameTable.open(tmp_path / "data")
    names.remember("acme", "user_1", "Ann")
    assert other.name_of("acme", "user_1") == "Ann"
    other.erase("acme", "user_1")
    assert names.name_of("acme", "user_1") is None
    other.close()


def test_threads_share_one_table(names):
    def remember(number: int) -> None:
        for turn in range(20):
            names.remember("acme", f"user_{number}_{turn}", f"{number}-{turn}")

    threads = [threading.Thread(target=remember, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(
        names.name_of("acme", f"user_{number}_{turn}") == f"{number}-{turn}"
        for number in range(4)
        for turn in range(20)
    )


def test_every_file_of_the_table_is_private(names, tmp_path):
    names.remember("acme", "user_1", "Ann")
    files = [path for path in (tmp_path / "data").iterdir()]
    assert len(files) > 1  # the write-ahead log stands beside it
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_file_that_is_no_table_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "names.sqlite").write_bytes(b"not a database, " * 100)
    with pytest.raises(FailedPrecondition, match="restore it, or delete it"):
        NameTable.open(tmp_path)
