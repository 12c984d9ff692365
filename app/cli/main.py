"""The table of contents of the command line."""

import typer

from app.cli import demo, doctor, migrate, pulse, run, seed, tenants

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
