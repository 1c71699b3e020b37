"""People see names where this machine knows them, else pseudonyms."""

import pytest
from click.testing import CliRunner

from bursar.identity import Keyring, NameTable, Pseudonyms
from bursar.quota.v1 import quota_pb2
from bursar_all.__main__ import cli
from bursar_all.known_names import KnownNames
from bursar_all.rendering.limits import show_levels


@pytest.fixture
def pseudonym(tmp_path):
    return Pseudonyms(Keyring.open(tmp_path), NameTable.open(tmp_path)).user("default", "ann")


def test_a_name_that_is_known_stands_for_its_pseudonym(tmp_path, pseudonym, capsys):
    names = KnownNames(tmp_path)
    assert names.in_text(f"user/{pseudonym}/cost") == "user/ann/cost"
    assert names.in_text(f"user/{pseudonym}/cost", "acme") == f"user/{pseudonym}/cost"
    limit = quota_pb2.Limit(limit_id=f"user/{pseudonym}/requests/day", mode=quota_pb2.MODE_HARD)
    show_levels([quota_pb2.Level(limit=limit)], names)
    assert "user/ann/requests/day" in capsys.readouterr().out


def test_without_a_table_pseudonyms_are_shown_and_no_table_is_made(tmp_path, pseudonym):
    elsewhere = tmp_path / "elsewhere"
    assert KnownNames(elsewhere).in_text(pseudonym) == pseudonym
    assert not elsewhere.exists()


def test_with_an_api_key_me_is_not_the_user_of_this_machine():
    words = ["limits", "set", "--user", "me", "--cost-per-day", "5usd"]
    done = CliRunner().invoke(cli, words, env={"BURSAR_API_KEY": "bsr_x"})
    assert done.exit_code == 2
    assert "name the user" in done.output
