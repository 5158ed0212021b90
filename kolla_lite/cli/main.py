"""Entry point: finds commands, catches user errors, sets the exit code. The only catch and the only sys.exit."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from kolla_lite import cli
from kolla_lite.cli.common import print_json
from kolla_lite.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_INTERRUPTED, UserError

_NOT_COMMANDS = {"main", "common"}


class Commands(click.Group):
    """Every module of this package is a command of the same name; it is imported only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = {module.name for module in pkgutil.iter_modules(cli.__path__)} - _NOT_COMMANDS
        return sorted(name.rstrip("_").replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = cmd_name.replace("-", "_")
        if module == "exec":  # a Python module may be called exec, but reads like the builtin
            module = "exec_"
        command: click.Command = importlib.import_module(f"kolla_lite.cli.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from kolla_lite.source import nearest

            raise UserError(
                f"there is no command {args[0]!r}", hint=nearest(args[0], self.list_commands(ctx), "commands")
            ) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="kolla-lite")
def kolla_lite() -> None:
    """OpenStack in containers: build images, deploy, upgrade and explain, from one declaration per service.

    \b
    Start here:
      kolla-lite up        everything, on this machine
      kolla-lite --help    the commands; each has --help with examples

    \b
    Exit codes: 0 done, 1 failed, 2 bad input, 3 changes pending, 130 interrupted.
    Completion: eval "$(_KOLLA_LITE_COMPLETE=bash_source kolla-lite)"   (or zsh_source, fish_source)
    """


def main(arguments: list[str] | None = None) -> None:
    """Run one command; exit with its code."""
    args = sys.argv[1:] if arguments is None else arguments
    sys.exit(run(args))


def run(args: list[str]) -> int:
    """Run one command; return its exit code."""
    try:
        result = kolla_lite.main(args=args, prog_name="kolla-lite", standalone_mode=False)
        return result if isinstance(result, int) else EXIT_DONE
    except UserError as error:
        if "--json" in args:
            print_json({"errors": error.as_dicts()})
        click.echo(click.style("error: ", fg="red") + str(error), err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_BAD_INPUT
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; run the same command again to go on", err=True)
        return EXIT_INTERRUPTED
