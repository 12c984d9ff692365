"""The stock ledger: every change is one entry and one balance, also when many write at once."""

import asyncio
import random
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core.database import Database
from app.core.ids import new_id
from app.inventory import ledger
from app.inventory.errors import StockBelowZero, StockTooLarge
from app.inventory.ledger import Cause
from app.inventory.models import ENTRY_KINDS, ON_HAND_KINDS, OWN_LOCATION, StockBalance, StockEntry, StockLocation
from app.inventory.reports import balances_of
from tests.conftest import Seller

COUNTED = Cause("counted")


async def _on_hand(database: Database, seller: Seller, variant_id: UUID) -> int | None:
    async with database.session(seller.scope) as session:
        balances = (await balances_of(session, [variant_id])).get(variant_id)
        return balances[0].on_hand if balances else None


async def _entries(database: Database, seller: Seller, variant_id: UUID) -> list[StockEntry]:
    async with database.session(seller.scope) as session:
        found = select(StockEntry).where(StockEntry.variant_id == variant_id).order_by(StockEntry.sequence)
        return list(await session.scalars(found))


async def _is_true(database: Database, seller: Seller, variant_id: UUID) -> bool:
    """Whether the entries of a variant add up to its balance, step by step and without a gap."""
    entries = await _entries(database, seller, variant_id)
    on_hand = 0
    for number, entry in enumerate(entries, 1):
        on_hand += entry.quantity
        if (entry.sequence, entry.on_hand_after) != (number, on_hand):
            return False
    return on_hand == (await _on_hand(database, seller, variant_id) or 0)


async def test_setting_writes_the_difference_and_skips_what_is_so_already(database: Database, seller: Seller) -> None:
    first, second, never = new_id(), new_id(), new_id()
    cause = Cause("import", job_id=new_id(), user_id=new_id())
    async with database.session(seller.scope) as session:
        assert await ledger.set_on_hand(session, {first: 5, second: 3, never: 0}, cause) == {first, second}
    async with database.session(seller.scope) as session:
        assert await ledger.set_on_hand(session, {first: 5, second: 1, never: 0}, cause) == {second}
    async with database.session(seller.scope) as session:
        assert await ledger.set_on_hand(session, {first: 0}, cause, kind="sync_correction") == {first}
    entries = [*await _entries(database, seller, first), *await _entries(database, seller, second)]
    assert [(one.kind, one.quantity, one.on_hand_after) for one in entries] == [
        ("adjustment", 5, 5),
        ("sync_correction", -5, 0),
        ("adjustment", 3, 3),
        ("adjustment", -2, 1),
    ]
    assert {(one.job_id, one.user_id, one.reason) for one in entries} == {(cause.job_id, cause.user_id, "import")}
    assert await _on_hand(database, seller, never) is None


async def test_a_select_of_quantities_is_applied_like_given_ones(database: Database, seller: Seller) -> None:
    known, new = new_id(), new_id()
    wanted = "SELECT id AS variant_id, amount AS quantity FROM unnest(:ids, :amounts) AS staged (id, amount)"
    wanted = wanted.replace(":ids", "CAST(:ids AS uuid[])").replace(":amounts", "CAST(:amounts AS integer[])")
    async with database.session(seller.scope) as session:
        await ledger.set_on_hand(session, {known: 2}, COUNTED)
        staged = {"ids": [known, new], "amounts": [9, 4]}
        assert await ledger.set_on_hand_from(session, wanted, staged, COUNTED) == {known, new}
        assert await ledger.set_on_hand_from(session, wanted, staged, COUNTED) == set()
    assert [(one.kind, one.quantity) for one in await _entries(database, seller, known)] == [
        ("adjustment", 2),
        ("sync_correction", 7),
    ]
    assert await _on_hand(database, seller, new) == 4


async def test_locations_are_counted_apart(database: Database, seller: Seller) -> None:
    variant_id, elsewhere = new_id(), new_id()
    async with database.session(seller.scope) as session:
        session.add(StockLocation(id=elsewhere, kind="supplier", name="Supplier"))
        await session.flush()
        await ledger.set_on_hand(session, {variant_id: 2}, COUNTED)
        await ledger.set_on_hand(session, {variant_id: 30}, COUNTED, location_id=elsewhere)
        balances = (await balances_of(session, [variant_id]))[variant_id]
    assert {(one.location_id, one.location, one.on_hand) for one in balances} == {
        (OWN_LOCATION, "Own stock", 2),
        (elsewhere, "Supplier", 30),
    }


async def test_an_adjustment_of_several_is_all_or_nothing(database: Database, seller: Seller) -> None:
    rich, poor = new_id(), new_id()
    async with database.session(seller.scope) as session:
        await ledger.set_on_hand(session, {rich: 10, poor: 1}, COUNTED)
    with pytest.raises(StockBelowZero):
        async with database.session(seller.scope) as session:
            await ledger.adjust(session, {rich: -5, poor: -2}, COUNTED, kind="sale")
    assert [await _on_hand(database, seller, one) for one in (rich, poor)] == [10, 1]
    async with database.session(seller.scope) as session:
        await ledger.adjust(session, {rich: -5, poor: -1}, COUNTED, kind="sale")
    assert [await _on_hand(database, seller, one) for one in (rich, poor)] == [5, 0]
    assert await _is_true(database, seller, rich)


async def test_quantities_are_bounded(database: Database, seller: Seller) -> None:
    variant_id = new_id()
    async with database.session(seller.scope) as session:
        for quantity in (-1, ledger.LARGEST + 1):
            with pytest.raises(StockTooLarge):
                await ledger.set_on_hand(session, {variant_id: quantity}, COUNTED)
        await ledger.set_on_hand(session, {variant_id: ledger.LARGEST}, COUNTED)
        with pytest.raises(StockTooLarge):
            await ledger.adjust(session, {variant_id: 1}, COUNTED)


async def test_many_writers_at_once_leave_a_true_ledger(database: Database, seller: Seller) -> None:
    variants = [new_id() for _ in range(6)]
    dice = random.Random(7)

    async def write() -> None:
        chosen = dice.sample(variants, 4)
        try:
            async with database.session(seller.scope) as session:
                if dice.random() < 0.5:
                    await ledger.set_on_hand(session, {one: dice.randrange(20) for one in chosen}, COUNTED)
                else:
                    await ledger.adjust(session, {one: dice.randrange(-5, 9) for one in chosen}, COUNTED)
        except StockBelowZero:
            pass

    await asyncio.gather(*(write() for _ in range(120)))
    assert all([await _is_true(database, seller, one) for one in variants])
    async with database.session(seller.scope) as session:
        assert (await session.scalar(select(func.count()).select_from(StockEntry)) or 0) > 100


async def test_units_that_many_want_are_given_once_each(database: Database, seller: Seller) -> None:
    variant_id = new_id()
    async with database.session(seller.scope) as session:
        await ledger.set_on_hand(session, {variant_id: 10}, COUNTED)

    async def take() -> bool:
        try:
            async with database.session(seller.scope) as session:
                await ledger.adjust(session, {variant_id: -1}, COUNTED, kind="sale")
        except StockBelowZero:
            return False
        return True

    taken = await asyncio.gather(*(take() for _ in range(25)))
    assert sum(taken) == 10
    assert await _on_hand(database, seller, variant_id) == 0
    assert await _is_true(database, seller, variant_id)


@pytest.mark.parametrize("statement", ["UPDATE stock_entries SET quantity = 1", "DELETE FROM stock_entries"])
async def test_an_entry_cannot_be_rewritten(database: Database, seller: Seller, statement: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.session(seller.scope) as session:
            await session.execute(text(statement))


async def test_the_database_itself_refuses_less_than_nothing(database: Database, seller: Seller) -> None:
    for values in ({"on_hand": -1}, {"on_hand": 1, "reserved": -1}):
        with pytest.raises(IntegrityError):
            async with database.session(seller.scope) as session:
                session.add(StockBalance(variant_id=new_id(), location_id=OWN_LOCATION, **values))


def test_every_kind_moves_one_side_of_the_balance() -> None:
    assert set(ON_HAND_KINDS) < set(ENTRY_KINDS)
    assert len(set(ENTRY_KINDS)) == len(ENTRY_KINDS)
