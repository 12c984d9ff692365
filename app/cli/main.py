"""The table of contents of the command line."""

import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Final, NoReturn

import typer
from pydantic import ValidationError

from app.cli.checks.installation import refused_settings
from app.cli.environment import ServersHalfGiven
from app.core.config import Settings

# Each is a function, or a table of functions, in the module of its name.
COMMANDS: Final = {
    "run": "run",
    "demo": "demo",
    "seed": "seed",
    "migrate": "migrate",
    "tenants": "tenants_app",
    "connections": "connections_app",
    "doctor": "doctor",
    "pulse": "pulse",
    "sandbox": "sandbox_app",
    "new-vendor": "new_vendor",
}


def main() -> None:
    """Run the command that the arguments name; settings that no command can work with are refused in words."""
    # Only what is called gets loaded: `run` has to serve within seconds, and needs nothing of what `doctor` imports.
    called = sys.argv[1:2]
    try:
        command_line(called if COMMANDS.keys() & called else COMMANDS)(prog_name="python -m app")
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        _refuse("; ".join(finding.text for finding in refused_settings(error)))
    except ServersHalfGiven as error:
        _refuse(str(error))


def command_line(names: Iterable[str]) -> typer.Typer:
    """The command line with these commands."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback(help="Crossdock: goods in, listings out, orders through.")(_no_options)
    for name in names:
        command = getattr(import_module(f"app.cli.{name.replace('-', '_')}"), COMMANDS[name])
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _no_options() -> None:
    # A command line of one command would otherwise drop the command's name.
    return


def _refuse(words: str) -> NoReturn:
    sys.exit(f"The settings cannot be used: {words}\n`python -m app doctor` looks closer.")
