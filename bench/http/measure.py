"""The suites `http` (list of 50 and single get against the bare handler) and `layers` (what each layer costs)."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

from app.cli.children import api_child, is_serving
from app.cli.environment import ROOT
from app.supervisor.child import Child
from app.supervisor.ports import free_port
from bench.document import Gate, Section, table
from bench.http import goods, load
from bench.http.load import Load, Traffic
from bench.http.traffic import Target, Walk, list_traffic, refuse_different_answers, single_traffic, walk
from bench.installation import Installation, Shop, open_shop, running, settle
from bench.rounds import interleave, ratio, spread

HOST = "127.0.0.1"
PRODUCTS_PATH = "/api/v1/products"
LIST_GATE, SINGLE_GATE = 0.4, 0.25
WARM_SECONDS = 2
# Enough people that none of them meets the limit of requests per minute, which stays as it is in production.
MEMBERS = 400
SMALL_SHARE = 500  # products of each other tenant, at most

LAYERS = {
    "authentication": "without authentication (everybody is the owner)",
    "limits": "without the limit of requests",
    "parameter-check": "without the check for unknown parameters",
    "metrics": "without metrics",
    "log": "without a log line per request (LOG_LEVEL=WARNING)",
    "frame": "without the frame (request id, context, headers, log, metrics)",
    "middleware": "without any middleware (the frame included)",
    "route-alone": "FastAPI, query model and read alone",
    "read-alone": "the read alone behind plain ASGI",
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    products: int = 100_000
    tenants: int = 20
    pages: int = 1000
    members: int = MEMBERS
    connections: int = 16
    seconds: float = 5
    rounds: int = 5


Say = Callable[[str], None]


@contextmanager
def filled_shop(installation: Installation, size: Size, say: Say) -> Iterator[Shop]:
    """The measured tenant among others, all with goods."""
    say(f"filling {size.tenants} tenants, {size.products:,} products in the measured one")
    measured = asyncio.run(open_shop(installation, members=size.members))
    asyncio.run(goods.fill(installation.owner_dsn, measured.tenant_id, size.products))
    for _ in range(size.tenants - 1):
        other = asyncio.run(open_shop(installation))
        asyncio.run(goods.fill(installation.owner_dsn, other.tenant_id, min(size.products, SMALL_SHARE)))
    asyncio.run(settle(installation.owner_dsn))
    yield measured


def measure_http(installation: Installation, size: Size, say: Say) -> Section:
    """The product against the bare handler."""
    with filled_shop(installation, size, say) as shop, ExitStack() as stack:
        targets = {"bare": _bare(stack, installation, shop, "/products")}
        targets["bare, JSON by PostgreSQL"] = Target(targets["bare"].base_url, "/aggregated")
        targets["the product"] = _product(stack, installation, shop)
        walks = _walk_all(targets, size, say)
        compared = refuse_different_answers(targets, walks)
        listed = _measure({name: list_traffic(targets[name], walks[name]) for name in targets}, size, say, "list")
        single = _measure({name: single_traffic(targets[name], walks[name]) for name in targets}, size, say, "get")
    rates = {
        kind: {name: [one.rate for one in found[name]] for name in targets}
        for kind, found in (("list", listed), ("get", single))
    }
    gates = [
        Gate("list of 50, times bare", ratio(rates["list"]["the product"], rates["list"]["bare"]), LIST_GATE),
        Gate("single get, times bare", ratio(rates["get"]["the product"], rates["get"]["bare"]), SINGLE_GATE),
    ]
    body = f"""
{size.products:,} products in one tenant among {size.tenants}, {len(walks["bare"].paths):,} pages by their cursors in
shuffled order, the default sort, {size.connections} connections, {size.rounds} rounds of {size.seconds:g} s, load by
{load.generator()}. The product: `uvicorn main:app`, one worker, uvloop and httptools, ENVIRONMENT=production, a pool of
10, {size.members} members' access tokens in turn (nobody meets the limit of requests, everybody is checked against it),
JSON log lines into a file. Bare: raw ASGI, asyncpg (a pool of 10) and orjson, rows to dicts to JSON in three
statements, no authentication, limits, log or metrics. The answers are the same: {compared} bodies compared first.

List of 50:

{_table(listed, "bare")}

Single get:

{_table(single, "bare")}
"""
    return Section("Reading products over HTTP", gates, body)


def measure_layers(installation: Installation, size: Size, say: Say) -> Section:
    """The product with single layers left out."""
    with filled_shop(installation, size, say) as shop, ExitStack() as stack:
        targets = {"the whole product": _variant(stack, installation, shop, "whole", {})}
        for name, words in LAYERS.items():
            silent = {"LOG_LEVEL": "WARNING"} if name == "log" else {}
            targets[words] = _variant(stack, installation, shop, "whole" if name == "log" else name, silent)
        found = _walk_all({"the whole product": targets["the whole product"]}, size, say)["the whole product"]
        listed = _measure({name: list_traffic(targets[name], found) for name in targets}, size, say, "list")
        single = _measure({name: single_traffic(targets[name], found) for name in targets}, size, say, "get")
    body = f"""
The same installation, goods and load as above; each line is the product with one layer left out (bench/http/layers.py),
so a factor of 1.05 says that the layer costs about 5 % of a request. {size.rounds} rounds of {size.seconds:g} s.

List of 50:

{_table(listed, "the whole product")}

Single get:

{_table(single, "the whole product")}
"""
    return Section("What the layers of a request cost", [], body)


def _walk_all(targets: Mapping[str, Target], size: Size, say: Say) -> dict[str, Walk]:
    say("walking the pages and comparing answers")
    return {name: walk(target, pages=size.pages) for name, target in targets.items()}


def _measure(traffics: Mapping[str, Traffic], size: Size, say: Say, kind: str) -> dict[str, list[Load]]:
    def carry(traffic: Traffic, seconds: float) -> Load:
        return load.apply(traffic, connections=size.connections, seconds=seconds)

    for traffic in traffics.values():
        carry(traffic, min(WARM_SECONDS, size.seconds))
    targets = {name: (lambda traffic=traffic: carry(traffic, size.seconds)) for name, traffic in traffics.items()}
    return interleave(targets, rounds=size.rounds, say=lambda words: say(f"{kind}, {words}"))


def _table(found: Mapping[str, list[Load]], base: str) -> str:
    baseline = [one.rate for one in found[base]]
    rows = []
    for name, loads in found.items():
        rates = [one.rate for one in loads]
        rows.append(
            (
                name,
                f"{median(rates):,.0f}",
                f"{ratio(rates, baseline):.2f}",
                spread(rates),
                f"{median(one.median_ms for one in loads):.1f}",
                f"{median(one.p99_ms for one in loads):.1f}",
            )
        )
    return table(("", "requests/s", f"times {base}", "spread", "p50 ms", "p99 ms"), rows)


def _product(stack: ExitStack, installation: Installation, shop: Shop) -> Target:
    port = free_port()
    stack.enter_context(running(api_child(installation.environment, HOST, port), installation))
    return Target(f"http://{HOST}:{port}", PRODUCTS_PATH, shop.tokens)


def _variant(
    stack: ExitStack, installation: Installation, shop: Shop, name: str, environment: Mapping[str, str]
) -> Target:
    own = {"BENCH_TENANT": str(shop.tenant_id), "BENCH_LAYERS": name, **environment}
    base_url = _uvicorn(stack, installation, f"layers-{name}", ["bench.http.layers:make_app", "--factory"], own)
    return Target(base_url, PRODUCTS_PATH, shop.tokens)


def _bare(stack: ExitStack, installation: Installation, shop: Shop, path: str) -> Target:
    own = {"BENCH_TENANT": str(shop.tenant_id), "BENCH_DSN": installation.app_dsn}
    # The same head of a request for everybody, though nobody reads the token here.
    return Target(_uvicorn(stack, installation, "bare", ["bench.http.bare_app:app"], own), path, shop.tokens)


def _uvicorn(
    stack: ExitStack, installation: Installation, name: str, application: list[str], environment: Mapping[str, str]
) -> str:
    port = free_port()
    options = ["--host", HOST, "--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    options += ["--no-proxy-headers"]
    child = Child(
        name=name,
        command=[sys.executable, "-m", "uvicorn", *application, *options, "--log-level", "warning"],
        environment={**installation.environment, **environment},
        directory=ROOT,
        is_ready=lambda _pid: is_serving(HOST, port),
        ready_seconds=60,
    )
    stack.enter_context(running(child, installation))
    return f"http://{HOST}:{port}"
