"""The suites `imports` (the real job against the bare import) and `memory` (the worker over a large file)."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.document import Gate, Section, table
from bench.imports import bare
from bench.imports.upload import (
    Imported,
    ImportFailed,
    Product,
    children_of,
    import_file,
    peak_memory,
    working_product,
    write_changed_sheet,
    write_sheet,
)
from bench.installation import Installation, Shop, open_shop, settle
from bench.rounds import ratio, spread

GATE = 0.35
MEMORY_GATE = 300
CASES = ("all new", "all unchanged", "all changed")

Say = Callable[[str], None]


def measure_imports(installation: Installation, rows: int, rounds: int, say: Say) -> Section:
    """The same file through the real job and through the bare upserts, thrice: new, unchanged, changed."""
    first, changed = (installation.directory / name for name in ("first.csv", "changed.csv"))
    write_sheet(first, rows)
    write_changed_sheet(first, changed)
    files = dict(zip(CASES, (first, first, changed), strict=True))
    ours: dict[str, list[float]] = {case: [] for case in CASES}
    theirs: dict[str, list[float]] = {case: [] for case in CASES}
    with working_product(installation) as product:
        for number in range(rounds):
            shops = [asyncio.run(open_shop(installation)) for _ in range(2)]
            for case, path in files.items():
                measured = _one_case(installation, product, shops, path, product_first=number % 2 == 0)
                _refuse_unexpected(case, rows, measured[0])
                ours[case].append(rows / measured[0].seconds)
                theirs[case].append(rows / measured[1])
                say(f"round {number + 1} of {rounds}, {case}: {ours[case][-1]:,.0f} and {theirs[case][-1]:,.0f} rows/s")
    gates = [Gate(f"{rows:,} rows, {case}, times bare", ratio(ours[case], theirs[case]), GATE) for case in CASES]
    body = f"""
A CSV file of {rows:,} valid rows, one product each ({first.stat().st_size / 1e6:.0f} MB). The product: uploaded over
the API, the job `import_csv_products` in a worker process, measured from the job's start to its end by its own row:
reading, validating, staging, matching, writing, a report line for every row, checkpoints. Bare: COPY of the file into a
temporary table and one INSERT … ON CONFLICT for each table (products, variants, source_products, offers, balances with
entries), one transaction, ids from the line number, unchanged rows skipped. {rounds} rounds in alternating order, each
with two new tenants.

{_table(ours, theirs)}
"""
    return Section("Importing a file", gates, body)


def _one_case(
    installation: Installation, product: Product, shops: list[Shop], path: Path, *, product_first: bool
) -> tuple[Imported, float]:
    def by_product() -> Imported:
        asyncio.run(settle(installation.owner_dsn))
        return import_file(installation, product, shops[0], path)

    def by_hand() -> float:
        asyncio.run(settle(installation.owner_dsn))
        return asyncio.run(bare.bring_in(installation.owner_dsn, shops[1].tenant_id, path))

    if product_first:
        return by_product(), by_hand()
    seconds = by_hand()
    return by_product(), seconds


def _refuse_unexpected(case: str, rows: int, imported: Imported) -> None:
    counts = dict(zip(CASES, (imported.created, imported.unchanged, imported.updated), strict=True))
    if counts[case] != rows:
        raise ImportFailed(f"{case}: {imported}")


def _table(ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> str:
    rows = []
    for case in CASES:
        rates = f"{median(ours[case]):,.0f}", spread(ours[case]), f"{median(theirs[case]):,.0f}", spread(theirs[case])
        rows.append((case, *rates, f"{ratio(ours[case], theirs[case]):.2f}"))
    return table(("", "product, rows/s", "spread", "bare, rows/s", "spread", "times bare"), rows)


def measure_memory(installation: Installation, rows: int, say: Say) -> Section:
    """The peak of the worker's memory over a large file."""
    path = installation.directory / "large.csv"
    write_sheet(path, rows)
    size = path.stat().st_size
    shop = asyncio.run(open_shop(installation))
    peaks: dict[int, int] = {}
    with working_product(installation) as product:
        at_rest = max(peak_memory(pid) for pid in children_of(product.worker_pid))

        def watch() -> None:
            for pid in children_of(product.worker_pid):
                peaks[pid] = peak_memory(pid)

        say(f"importing {rows:,} rows, {size / 1e6:.0f} MB")
        imported = import_file(installation, product, shop, path, watch)
        watch()
        parent = peak_memory(product.worker_pid)
    path.unlink()
    child = max(peaks.values())
    figures = [
        ("child that ran the job, peak", f"{child / 2**20:.0f}"),
        ("a child at rest", f"{at_rest / 2**20:.0f}"),
        ("parent of the children, peak", f"{parent / 2**20:.0f}"),
    ]
    body = f"""
A CSV file of {rows:,} rows ({size / 1e6:.0f} MB) through the real job, all new, {rows / imported.seconds:,.0f} rows/s.
VmHWM of the worker's processes.

{table(("", "MiB"), figures)}
"""
    gate = Gate(f"worker child over {rows:,} rows, MiB", child / 2**20, MEMORY_GATE, at_most=True)
    return Section("Memory of the worker", [gate], body)
