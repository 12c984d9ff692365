"""The suites on a handful of rows: they start what they measure, prove that answers are the same, and fill tables."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest

from app.core.config import Settings
from app.core.tenancy import table
from bench.document import Section
from bench.http import measure as http
from bench.http.traffic import AnswersDiffer, Target, Walk, refuse_different_answers
from bench.imports import bare, upload
from bench.imports import measure as imports
from bench.installation import Installation
from bench.prices import measure as prices
from tests.conftest import Seller

T = TypeVar("T")
TABLES = ("products", "variants", "source_products", "offers", "stock_balances", "stock_entries")


def _silently(_words: str) -> None:
    return


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Installation:
    """The test's installation in the form that the suites take."""
    return Installation(tmp_path, {**os.environ}, settings)


def _in_thread(run: Callable[[], T]) -> T:
    # The suites run event loops of their own.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@pytest.mark.processes
def test_http_is_measured_against_a_handler_with_the_same_answers(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # without wrk
    size = http.Size(products=120, tenants=2, pages=9, members=3, connections=2, seconds=0.3, rounds=1)

    section: Section = _in_thread(lambda: http.measure_http(here, size, _silently))

    assert [gate.measured > 0 for gate in section.gates] == [True, True]
    assert "the product" in section.body
    assert "bodies compared first" in section.body


@pytest.mark.processes
def test_an_import_is_measured_in_three_states_against_bare_upserts(here: Installation) -> None:
    section: Section = _in_thread(lambda: imports.measure_imports(here, 30, 1, _silently))

    assert len(section.gates) == 3
    assert all(gate.measured > 0 for gate in section.gates)


@pytest.mark.processes
def test_repricing_is_measured_against_bare_updates(here: Installation) -> None:
    section: Section = _in_thread(lambda: prices.measure_prices(here, 520, 1, _silently))

    assert [gate.measured > 0 for gate in section.gates] == [True]
    assert "bare with history" in section.body


@pytest.mark.processes
def test_an_import_is_measured_with_and_without_the_price_history(here: Installation) -> None:
    section: Section = _in_thread(lambda: prices.measure_history(here, 20, 1, _silently))

    assert [gate.measured > 0 for gate in section.gates] == [True, True]


async def test_the_bare_import_fills_the_same_tables_and_skips_what_is_unchanged(
    here: Installation, seller: Seller, tmp_path: Path
) -> None:
    first, changed = tmp_path / "first.csv", tmp_path / "changed.csv"
    upload.write_sheet(first, 40)
    upload.write_changed_sheet(first, changed)
    counts = []

    for path in (first, first, changed):
        await bare.bring_in(here.owner_dsn, seller.tenant_id, path)
        counts.append(await _count(here.owner_dsn, seller.tenant_id))

    assert counts[0] == counts[1]
    assert {name: counts[0][name] for name in TABLES[:4]} == dict.fromkeys(TABLES[:4], 40)
    assert counts[2]["stock_entries"] == counts[0]["stock_entries"] + 40
    assert {name: counts[2][name] for name in TABLES[:4]} == dict.fromkeys(TABLES[:4], 40)


def test_targets_that_answer_differently_are_not_compared() -> None:
    targets = {name: Target("http://nowhere.invalid", "/") for name in ("one", "other")}
    walks = {"one": Walk(ids=["a", "b"]), "other": Walk(ids=["a", "c"])}

    with pytest.raises(AnswersDiffer, match="lists other products"):
        refuse_different_answers(targets, walks)
    walks = {
        "one": Walk(ids=["a"], samples={0: [{"id": "a", "price": "1.00"}]}),
        "other": Walk(ids=["a"], samples={0: [{"id": "a", "price": "1.0"}]}),
    }
    with pytest.raises(AnswersDiffer, match=r"price is '1\.00' and '1\.0'"):
        refuse_different_answers(targets, walks)


async def _count(dsn: str, tenant_id: int) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    try:
        return {name: await connection.fetchval(f"SELECT count(*) FROM {table(tenant_id, name)}") for name in TABLES}
    finally:
        await connection.close()
