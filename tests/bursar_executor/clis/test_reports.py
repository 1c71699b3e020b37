"""What CLIs write, as it was recorded from real runs, and what is read of it."""

import json
from pathlib import Path

import pytest

from bursar.prices.usage import Usage
from bursar.secret import Secret
from bursar_executor.clis import (
    claude_code,
    codex,
    copilot,
    gemini_cli,
    jules,
    opencode,
    qwen_code,
)
from bursar_executor.clis.cli import Access, Ask, StatusAnswer, TaskClass
from bursar_executor.clis.registry import CLIS

NO_HOME = Path("/nonexistent")


def lines(*events):
    return "\n".join(map(json.dumps, events))


def test_claude_codes_input_is_the_total_with_its_cached_parts():
    usage = {
        "input_tokens": 26,
        "cache_creation_input_tokens": 100,
        "cache_read_input_tokens": 200,
        "output_tokens": 63,
    }
    told = {"type": "result", "is_error": False, "result": "Hi.", "usage": usage}
    out = lines({"type": "system"}, {**told, "modelUsage": {"claude-opus-4-8": {}}})
    report = claude_code.report(out, NO_HOME)
    assert (report.text, report.model, report.error) == ("Hi.", "claude-opus-4-8", "")
    assert report.usage == Usage(326, 200, 100, 0, 63)


def test_claude_codes_error_is_no_answer():
    out = lines({"type": "result", "is_error": True, "result": "Not logged in"})
    report = claude_code.report(out, NO_HOME)
    assert (report.text, report.error) == ("", "Not logged in")


def test_codex_tells_its_last_message_and_all_its_turns():
    usage = {"input_tokens": 7, "cached_input_tokens": 3, "output_tokens": 4}
    said = {"type": "item.completed", "item": {"type": "agent_message", "text": "Hi."}}
    warned = {"type": "item.completed", "item": {"type": "error", "message": "no metadata"}}
    turn = {"type": "turn.completed", "usage": usage}
    report = codex.report("WARNING: x\n" + lines(warned, said, turn, turn), NO_HOME)
    assert (report.text, report.error) == ("Hi.", "")
    assert report.usage == Usage(14, 6, 0, 0, 8, requests=2)


def test_codex_failing_is_an_error():
    out = lines({"type": "turn.failed", "error": {"message": "400"}})
    assert codex.report(out, NO_HOME).error == "400"


def test_copilots_usage_is_in_its_file(tmp_path):
    usage = {"inputTokens": 10, "outputTokens": 5, "cacheReadTokens": 4, "cacheWriteTokens": 0}
    metrics = {"modelMetrics": {"gpt-4o": {"usage": usage}}}
    (tmp_path / "copilot-usage.json").write_text(json.dumps(metrics, indent=2))
    out = lines(
        {"type": "assistant.message", "data": {"content": "Hi."}}, {"type": "result", "exitCode": 0}
    )
    report = copilot.report(out, tmp_path)
    assert (report.text, report.model) == ("Hi.", "gpt-4o")
    assert report.usage == Usage(10, 4, 0, 0, 5)
    assert copilot.report("", NO_HOME).error == "no answer"


def test_gemini_clis_document_stands_after_other_lines():
    tokens = {"prompt": 9, "cached": 2, "candidates": 3, "thoughts": 1}
    told = {"response": "Hi.", "stats": {"models": {"gemini-2.5-flash": {"tokens": tokens}}}}
    report = gemini_cli.report("Ripgrep is not available.\n" + json.dumps(told, indent=2), NO_HOME)
    assert (report.text, report.error) == ("Hi.", "")
    assert report.usage == Usage(9, 2, 0, 0, 4)


def test_opencodes_steps_are_summed():
    tokens = {"input": 5, "output": 2, "reasoning": 1, "cache": {"read": 3, "write": 0}}
    out = lines(
        {"type": "text", "part": {"text": "Hi."}},
        {"type": "step_finish", "part": {"tokens": tokens}},
        {"type": "step_finish", "part": {"tokens": tokens}},
    )
    report = opencode.report(out, NO_HOME)
    assert (report.text, report.error) == ("Hi.", "")
    assert report.usage == Usage(16, 6, 0, 0, 6, requests=2)


def test_qwen_codes_refusal_is_an_error_though_it_says_otherwise():
    told = {"type": "result", "is_error": False, "result": "[API Error: 402 no money]"}
    report = qwen_code.report(json.dumps([{"type": "system"}, told]), NO_HOME)
    assert (report.text, report.error) == ("", "[API Error: 402 no money]")


@pytest.mark.parametrize("cli", CLIS, ids=lambda cli: cli.NAME)
@pytest.mark.parametrize("out", ["", "[", "{", "[1]", '{"type": "result"}', '{"a": [[[', "null"])
def test_what_makes_no_sense_is_an_error(cli, out):
    report = cli.report(out, NO_HOME)
    assert report.error and not report.text and report.usage is None


@pytest.mark.parametrize("cli", CLIS, ids=lambda cli: cli.NAME)
@pytest.mark.parametrize("task_class", TaskClass)
def test_no_key_stands_where_other_users_can_see_it(cli, task_class, tmp_path):
    ask = Ask(task_class, tmp_path, "m", Access("http://127.0.0.1:1", Secret("sk-secret")))
    launch = cli.launch(ask)
    assert not any("sk-secret" in word for word in launch.argv)
    written = b"".join(launch.files.values()).decode() + "".join(launch.environment.values())
    assert "sk-secret" in written


@pytest.mark.parametrize("cli", CLIS, ids=lambda cli: cli.NAME)
def test_under_a_login_nothing_points_a_cli_anywhere(cli, tmp_path):
    launch = cli.launch(Ask(TaskClass.ANSWER, tmp_path))
    assert not any("URL" in name or "KEY" in name for name in launch.environment)


@pytest.mark.parametrize(
    ("cli", "answer", "is_logged_in"),
    [
        (claude_code, StatusAnswer(0, '{\n "loggedIn": true\n}', "", NO_HOME), True),
        (claude_code, StatusAnswer(1, '{"loggedIn": false}', "", NO_HOME), False),
        (codex, StatusAnswer(0, "Logged in using ChatGPT", "", NO_HOME), True),
        (codex, StatusAnswer(1, "", "Not logged in", NO_HOME), False),
        (opencode, StatusAnswer(0, "0 credentials", "", NO_HOME), False),
        (opencode, StatusAnswer(0, "└  2 credentials", "", NO_HOME), True),
        (copilot, StatusAnswer(None, "", "", NO_HOME), False),
        (gemini_cli, StatusAnswer(None, "", "", NO_HOME), False),
        (qwen_code, StatusAnswer(None, "", "", NO_HOME), False),
    ],
)
def test_logins_are_recognised_by_the_clis_own_words(cli, answer, is_logged_in):
    assert cli.is_logged_in(answer) is is_logged_in


def test_a_login_file_only_has_to_be_there(tmp_path):
    file = tmp_path / ".qwen" / "oauth_creds.json"
    file.parent.mkdir()
    file.touch(mode=0o000)
    assert qwen_code.is_logged_in(StatusAnswer(None, "", "", tmp_path))


def test_jules_sessions_are_read_from_its_recorded_lines():
    begun = (
        "Session is created.\nID: 31415926535\nURL: https://jules.google.com/session/31415926535"
    )
    assert jules.begun_session(begun) == "31415926535"
    listed = (
        "ID            Description     Repo          Last active  Status\n"
        "31415926535   Mend the tests  octo/parcels  2m ago       In Progress\n"
        "27182818284   Add a page      octo/parcels  1h ago       Completed\n"
    )
    found = jules.sessions_in(listed)
    assert [(one.session_id, one.state) for one in found] == [
        ("31415926535", "running"),
        ("27182818284", "completed"),
    ]
    assert jules.diff_in("pulled\ndiff --git a/x b/x\n") == "diff --git a/x b/x\n"
    assert jules.diff_in("nothing") == ""
