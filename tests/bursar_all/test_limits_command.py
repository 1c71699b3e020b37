"""`bursar limits` as people use it: on a running instance, command by command.

Most commands are run in the tests' process, which saves a start of Python for each; one test starts
them as people do, and the instance is always a process of its own.
"""

from __future__ import annotations

import json
import sys

import pytest

from bursar_all.__main__ import main
from bursar_command import Command, up

FILE = """
anthropic: {requests_per_minute: 50, cost_per_day_usd: 100.0}
limits:
  - {id: anns, selector: {user: ann}, meter: tokens, window: day, amount: 1000}
"""
MINUTE, DAY = "provider/anthropic/requests/minute", "provider/anthropic/cost_nano_usd/day"


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    """A command whose instance is up, and its folder."""
    folder = tmp_path_factory.mktemp("limits")
    command = Command(folder / "data")
    with up(command, folder):
        yield command, folder


@pytest.fixture
def limits(instance, monkeypatch, capsys):
    """Runs `bursar limits …`, in a folder where `limits.yaml` may be written."""
    command, folder = instance
    monkeypatch.chdir(folder)

    def run(*arguments, code=0, file=None):
        if file is not None:
            (folder / "limits.yaml").write_text(file)
        words = ["bursar", "limits", *arguments, "--data-dir", str(command.data_dir)]
        monkeypatch.setattr(sys, "argv", words)
        left = 0
        try:
            main()
        except SystemExit as leaving:
            left = leaving.code
        told = capsys.readouterr()
        assert left == code, told.err
        return told.out + told.err

    return run


def test_started_as_people_do_it_says_the_same_and_leaves_with_the_same_codes(instance, limits):
    command, folder = instance
    set_one = ("limits", "set", "--team", "green", "--requests-per-day", "1")
    assert command.run(*set_one, cwd=folder).stdout == "set team/green/requests/day\n"
    listed = command.run("limits", "list", cwd=folder)
    assert (listed.returncode, listed.stdout) == (0, limits("list"))
    asked = ("explain", "--team", "green", "--requests", "2")
    denied = command.run("limits", *asked, cwd=folder)
    assert (denied.returncode, denied.stdout) == (3, limits(*asked, code=3))
    mistaken = command.run("limits", "set", "--tokens", "5", cwd=folder)
    assert mistaken.stderr == limits("set", "--tokens", "5", code=mistaken.returncode)


def test_a_file_is_shown_applied_changed_pruned_and_exported(limits):
    limits("set", "--user", "me", "--cost-per-day", "5usd", "--reason", "a trial")

    shown = limits("apply", "limits.yaml", "--dry-run", "--diff", file=FILE).splitlines()
    assert (
        "+ {id: anns, selector: {user: ann}, meter: tokens, window: day, amount: '1000'"
        in (shown[0])
    )
    assert shown[-1] == "3 would change, 0 stand already; nothing was changed"

    applied = limits("apply", "limits.yaml").splitlines()
    assert applied == ["set anns", f"set {DAY}", f"set {MINUTE}", "3 changed, 0 stand already"]
    again = limits("apply", "limits.yaml")
    assert again == "nothing to change; 3 stand already\n"

    fewer = "anthropic: {requests_per_minute: 60}"
    pruned = limits("apply", "limits.yaml", "--prune", "--diff", file=fewer).splitlines()
    assert pruned[-3].startswith(f"- {{id: {MINUTE}") and "'50'" in pruned[-3]
    assert pruned[-2].startswith(f"+ {{id: {MINUTE}") and "'60'" in pruned[-2]
    assert pruned[-1] == "3 changed, 0 stand already"

    exported = limits("export", "--managed-by", "file")
    assert limits("apply", "limits.yaml", file=exported) == "nothing to change; 1 stand already\n"
    assert "5usd" in limits("export")


def test_a_limit_set_by_hand_is_not_the_files_to_change(limits):
    limits("set", "--provider", "openai", "--requests-per-day", "7")
    file = "openai: {requests_per_day: 8}"
    refused = limits("apply", "limits.yaml", file=file, code=1)
    assert "not managed by a file: provider/openai/requests/day" in refused


def test_a_call_is_explained_limit_by_limit(limits):
    limits("set", "--account", "claude-ann", "--label", "job=nightly", "--tokens-per-day", "100")
    call = ("--account", "claude-ann", "--label", "job=nightly", "--input-tokens")
    allowed = limits("explain", *call, "100").splitlines()
    assert allowed[0].startswith("allows  account/claude-ann/label_job/nightly/total_tokens/day: ")
    assert allowed[-1] == "all 1 limits that match have room"
    denied = limits("explain", *call, "101", code=3).splitlines()
    assert denied[0].startswith("denies") and "Would exceed daily token limit" in denied[0]
    answer = json.loads(limits("explain", *call, "101", "--json", code=3))
    assert answer["limits"][0]["requested"] == "101"


def test_a_forecast_has_a_row_for_each_limit(limits):
    limits("set", "--team", "red", "--cost-per-month", "5usd")
    rows = limits("forecast", "--team", "red").splitlines()
    row = next(row for row in rows if row.startswith("team/red/cost_nano_usd/month"))
    assert "$5.00" in row and "not before its end" in row


def test_a_mistake_is_one_line_with_its_remedy(limits):
    told = limits("set", "--label", "nightly", "--tokens-per-day", "5", code=2)
    assert told == "bursar: --label: 'nightly' is not acceptable; write it as name=value\n"
    told = limits("apply", "limits.yaml", file="anthropic: {tokens_per_day: -5}", code=2)
    assert len(told.splitlines()) == 1


def test_other_shapes_of_limits_are_set_listed_and_exported(limits):
    told = limits("set", "--account", "cli", "--rolling", "5h", "--tokens", "1,000", "--throttle")
    assert told == "set account/cli/total_tokens/5h\n"
    limits("set", "--model-family", "claude-opus", "--concurrent", "3")
    limits("set", "--team", "blue", "--cost-per-day", "5usd", "--carry-over", "1usd")
    limits(
        "set", "--team", "blue", "--tokens-per-week", "9", "--alert-at", "25", "--alert-at", "90"
    )
    listed = limits("list")
    assert "account/cli/total_tokens/5h" in listed and "throttle" in listed
    exported = limits("export", "--managed-by", "api").splitlines()
    assert any("window: 5h" in line and "mode: throttle" in line for line in exported)
    assert any("meter: concurrent" in line and "window" not in line for line in exported)
    assert any("carry_over: 1usd" in line for line in exported)
    assert any("alerts: [25, 90]" in line for line in exported)
    told = limits("set", "--rolling", "5 parsecs", "--tokens", "5", code=2)
    assert "write a length such as 5h" in told
    assert "say --rolling 5h" in limits("set", "--tokens", "5", code=2)
    assert limits("alerts") == ""
