"""What the page on `bursar run` says is what the command does."""

import re
import shlex
from pathlib import Path

import click
import pytest

from bursar_all import exit_codes
from bursar_all.commands.run import command
from bursar_executor.tasks.failures import AttemptsExhausted, InputLost, Interrupted

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "run.md").read_text()
EXAMPLES = re.findall(r"bursar run (.*?)(?:\s+#.*)?$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("example", [text for text in EXAMPLES if text])
def test_every_command_of_the_page_is_one(example):
    with click.Context(command) as context:
        command.parse_args(context, shlex.split(example.rstrip("`")))


def test_every_exit_code_is_on_the_page():
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    codes = {value for name, value in vars(exit_codes).items() if name.isupper() and name[0] != "_"}

    assert codes | {130} == told


@pytest.mark.parametrize("failure", [AttemptsExhausted, InputLost, Interrupted])
def test_every_reason_that_a_task_alone_has_is_on_the_page(failure):
    assert f"`{failure.reason}`" in PAGE


def test_every_option_of_the_page_exists():
    known = {name for option in command.params for name in option.opts}

    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= known
