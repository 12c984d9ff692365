"""The table of contents of the command line."""

import sys
from typing import NoReturn

import typer
from pydantic import ValidationError

from app.cli import demo, doctor, migrate, pulse, run, seed, tenants
from app.cli.checks.installation import refused_settings
from app.cli.environment import ServersHalfGiven
from app.core.config import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Crossdock: goods in, listings out, orders through.",
)
app.command("run")(run.run)
app.command("demo")(demo.demo)
app.command("seed")(seed.seed)
app.command("migrate")(migrate.migrate)
app.command("doctor")(doctor.doctor)
app.command("pulse")(pulse.pulse)
app.add_typer(tenants.tenants_app, name="tenants")


def main() -> None:
    """Run the command that the arguments name; settings that no command can work with are refused in words."""
    try:
        app(prog_name="python -m app")
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        _refuse("; ".join(finding.text for finding in refused_settings(error)))
    except ServersHalfGiven as error:
        _refuse(str(error))


def _refuse(words: str) -> NoReturn:
    sys.exit(f"The settings cannot be used: {words}\n`python -m app doctor` looks closer.")
