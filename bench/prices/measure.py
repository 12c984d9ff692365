"""The suites `prices` (the repricing job against bare UPDATEs) and `history` (imports with and without the triggers of
the price history).
"""

import asyncio
from collections.abc import Callable
from statistics import median

import httpx

from bench.document import Gate, Section, table
from bench.http import goods
from bench.imports.upload import (
    ImportFailed,
    Product,
    import_file,
    wait_for_job,
    working_product,
    write_changed_sheet,
    write_sheet,
)
from bench.installation import Installation, Shop, open_shop, settle
from bench.prices import bare
from bench.rounds import ratio, spread

GATE = 0.1
HISTORY_GATE = 0.9
CASES = ("all new", "all changed")
RISE = {"filter": {}, "change": {"type": "percent", "value": "1"}}

Say = Callable[[str], None]


def measure_prices(installation: Installation, products: int, rounds: int, say: Say) -> Section:
    """One per cent on every price: by the real job, and by two bare UPDATEs without and with the price history."""
    shops = {name: asyncio.run(open_shop(installation)) for name in ("product", "bare", "bare with history")}
    for shop in shops.values():
        asyncio.run(goods.fill(installation.owner_dsn, shop.tenant_id, products))
    asyncio.run(bare.forget_history(installation.owner_dsn, shops["bare"].tenant_id))
    variants, before = asyncio.run(bare.count_variants(installation.owner_dsn, shops["product"].tenant_id))
    rates: dict[str, list[float]] = {name: [] for name in shops}
    with working_product(installation) as product:
        for number in range(rounds):
            names = list(shops)
            for name in names[number % 3 :] + names[: number % 3]:
                asyncio.run(settle(installation.owner_dsn))
                if name == "product":
                    seconds = _reprice(installation, product, shops[name])
                else:
                    seconds = asyncio.run(bare.reprice(installation.owner_dsn, shops[name].tenant_id))
                rates[name].append(variants / seconds)
                say(f"round {number + 1} of {rounds}, {name}: {rates[name][-1]:,.0f} variants/s")
    _, after = asyncio.run(bare.count_variants(installation.owner_dsn, shops["product"].tenant_id))
    if after - before != variants * rounds:
        raise ImportFailed(f"{after - before} changes recorded, not {variants * rounds}")
    gates = [Gate(f"{variants:,} variants, times bare", ratio(rates["product"], rates["bare"]), GATE)]
    rows = [
        (name, f"{median(found):,.0f}", spread(found), f"{ratio(found, rates['bare']):.2f}")
        for name, found in rates.items()
    ]
    body = f"""
One per cent on the price of {variants:,} variants of {products:,} products. The product: POST
/products/bulk-price-update, the job `update_prices_in_bulk` in a worker process, measured from its start to its end by
its own row: reading, reckoning each price, writing batches of 1,000 with locks, before and after of every field, the
price history, checkpoints. Bare: one UPDATE of the variants and one of their products in one transaction, without the
history's trigger and with it. {rounds} rounds in rotating order.

{table(("", "variants/s", "spread", "times bare"), rows)}
"""
    return Section("Repricing", gates, body)


def _reprice(installation: Installation, product: Product, shop: Shop) -> float:
    answer = httpx.post(
        f"{product.base_url}/api/v1/products/bulk-price-update",
        json=RISE,
        headers={"Authorization": shop.authorization},
        timeout=60,
    )
    if answer.status_code != httpx.codes.ACCEPTED:
        raise ImportFailed(answer.text)
    return asyncio.run(wait_for_job(installation.owner_dsn, answer.json()["job_id"])).seconds


def measure_history(installation: Installation, rows: int, rounds: int, say: Say) -> Section:
    """The same imports into a tenant whose prices are recorded, and into one whose are not."""
    first, changed = (installation.directory / name for name in ("first.csv", "changed.csv"))
    write_sheet(first, rows)
    write_changed_sheet(first, changed)
    files = dict(zip(CASES, (first, changed), strict=True))
    rates: dict[tuple[str, bool], list[float]] = {(case, recorded): [] for case in CASES for recorded in (True, False)}
    with working_product(installation) as product:
        for number in range(rounds):
            shops = {recorded: asyncio.run(open_shop(installation)) for recorded in (True, False)}
            asyncio.run(bare.forget_history(installation.owner_dsn, shops[False].tenant_id))
            for case, path in files.items():
                for recorded in (True, False) if number % 2 else (False, True):
                    asyncio.run(settle(installation.owner_dsn))
                    seconds = import_file(installation, product, shops[recorded], path).seconds
                    rates[case, recorded].append(rows / seconds)
                    word = "with" if recorded else "without"
                    say(f"round {number + 1} of {rounds}, {case}, {word} history: {rows / seconds:,.0f} rows/s")
    gates = [Gate(f"{rows:,} rows, {case}, times without history", _share(rates, case), HISTORY_GATE) for case in CASES]
    lines = [
        (case, *(f"{median(rates[case, recorded]):,.0f}" for recorded in (True, False)), f"{_share(rates, case):.2f}")
        for case in CASES
    ]
    body = f"""
The import of {rows:,} rows, all new and then all with another price, into a tenant whose price history is recorded and
into one without the triggers. {rounds} rounds in alternating order, each with two new tenants.

{table(("", "with, rows/s", "without, rows/s", "times without"), lines)}
"""
    return Section("The price history of an import", gates, body)


def _share(rates: dict[tuple[str, bool], list[float]], case: str) -> float:
    return ratio(rates[case, True], rates[case, False])
