"""The `bursar` command. Each subcommand is imported only when it is called, so that help is
quick.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

DEBUG_VARIABLE = "BURSAR_DEBUG"

# name -> (module, one line of help); a module holds `command`.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("bursar_all.commands.run", "Do a task: plan, ration, execute, settle, audit."),
    "plan": ("bursar_all.commands.plan", "Show how little a task needs, and do nothing."),
    "up": ("bursar_all.commands.up", "Run all services and the edge on this machine."),
    "serve": ("bursar_all.commands.serve", "Run some services against a broker elsewhere."),
    "report": ("bursar_all.commands.report", "Who spent what, and what it saved."),
    "audit": ("bursar_all.commands.audit", "Every event of one task, call or trace."),
    "log": ("bursar_all.commands.log", "Check the log, and ask it about the past."),
    "limits": ("bursar_all.commands.limits", "Set, list and apply limits."),
    "keys": ("bursar_all.commands.keys", "Issue, list and revoke API keys."),
    "backends": ("bursar_all.commands.backends", "What can do work here, and how to get more."),
    "demo": ("bursar_all.commands.demo", "200 calls to a simulated provider, and the audit."),
    "config": ("bursar_all.commands.config", "Show effective settings and their origins."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]}.command is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bursar", message="bursar %(version)s")
def cli() -> None:
    """The treasury for AI work: every token, API call and CPU cycle is justified."""


def main() -> None:
    """The console script. A BursarError becomes one line and its exit code, never a stack trace."""
    from bursar.errors import BursarError
    from bursar_all.exit_codes import after_error

    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except BursarError as error:
        click.echo(f"bursar: {error.message}", err=True)
        sys.exit(after_error(error))
    except Exception as defect:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        what = f"{type(defect).__name__}: {defect}"
        click.echo(f"bursar: a defect ({what}); {DEBUG_VARIABLE}=1 shows where", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
