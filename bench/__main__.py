"""`python -m bench`: measure, print the tables, and write them into docs/performance.md."""

import signal
import sys
import time
from collections.abc import Callable
from typing import Annotated

import typer

from bench import document, machine
from bench.document import Section
from bench.http import measure as http
from bench.imports import measure as imports
from bench.installation import Installation, installation
from bench.jobs import measure as jobs
from bench.prices import measure as prices

Suite = Callable[[Installation, Callable[[str], None]], Section]


def measure(  # noqa: PLR0917 (options of the command line)
    suites: Annotated[
        list[str] | None, typer.Argument(help="http, layers, imports, memory, jobs, prices, history; or all.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of HTTP and of jobs.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of one measurement of HTTP.")] = 5,
    connections: Annotated[int, typer.Option(min=1, help="Connections of the load generator.")] = 16,
    products: Annotated[int, typer.Option(min=100, help="Products that HTTP reads.")] = 100_000,
    import_rounds: Annotated[int, typer.Option(min=1, help="Rounds of imports.")] = 3,
    import_rows: Annotated[int, typer.Option(min=10, help="Rows of an imported file.")] = 100_000,
    memory_rows: Annotated[int, typer.Option(min=10, help="Rows of the file for the memory.")] = 1_000_000,
    job_count: Annotated[int, typer.Option("--jobs", min=1, help="No-op jobs in a round.")] = 3000,
    priced_products: Annotated[int, typer.Option(min=1000, help="Products whose prices are changed.")] = 71_000,
    history_rows: Annotated[int, typer.Option(min=10, help="Rows of the file for the price history.")] = 50_000,
    write: Annotated[bool, typer.Option(help="Write docs/performance.md.")] = True,
) -> None:
    """Measure against bare baselines in the same run."""
    size = http.Size(products=products, connections=connections, seconds=seconds, rounds=rounds)
    known: dict[str, Suite] = {
        "http": lambda running, say: http.measure_http(running, size, say),
        "layers": lambda running, say: http.measure_layers(running, size, say),
        "imports": lambda running, say: imports.measure_imports(running, import_rows, import_rounds, say),
        "memory": lambda running, say: imports.measure_memory(running, memory_rows, say),
        "prices": lambda running, say: prices.measure_prices(running, priced_products, rounds, say),
        "history": lambda running, say: prices.measure_history(running, history_rows, import_rounds, say),
        "jobs": lambda running, say: jobs.measure_jobs(running, job_count, rounds, say),
    }
    chosen = suites or list(known)
    if unknown := sorted(set(chosen) - known.keys()):
        raise typer.BadParameter(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    sections = [_run(name, known[name]) for name in chosen]
    if write:
        document.write(sections, machine.describe(f"python -m bench {' '.join(sys.argv[1:])}".strip()))
        print(f"written: {document.DOCUMENT}")
    if not all(gate.holds for section in sections for gate in section.gates):
        raise typer.Exit(1)


def _run(name: str, suite: Suite) -> Section:
    started = time.monotonic()

    def say(words: str) -> None:
        print(f"[{name} {time.monotonic() - started:4.0f} s] {words}", file=sys.stderr, flush=True)

    with installation() as running:
        section = suite(running, say)
    print(section.to_markdown(""), flush=True)
    return section


if __name__ == "__main__":
    # Stopped like Ctrl-C, so that the servers are stopped too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command()(measure)
    app()
