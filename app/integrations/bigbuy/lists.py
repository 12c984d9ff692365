"""Whole lists of BigBuy on disk, found again by id: 10^5 goods with their texts do not fit into memory, and the lists
come in orders of their own. Ids of products and of variations are different numbers, so each list has its own.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from app.integrations.bigbuy.client import Api, List
from app.integrations.bigbuy.payloads import id_of
from app.integrations.contracts.errors import Broken
from app.integrations.feeds.errors import FeedRefused
from app.integrations.feeds.json_records import Json, Place, Record, RecordReader, parse
from app.integrations.feeds.storable import storable

Item = Mapping[str, Json]
_TABLE = """
    CREATE TABLE items (list TEXT, id INTEGER, parent INTEGER, body TEXT, PRIMARY KEY (list, id)) WITHOUT ROWID;
    CREATE INDEX of_parent ON items (list, parent) WHERE parent IS NOT NULL;
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
"""
_PUT = "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)"


class Lists:
    """Lists that were fetched, for as long as their folder exists. Methods that read or write are for threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = sqlite3.connect(folder / "lists.db", check_same_thread=False)
        self._database.executescript(_TABLE)

    async def fetch(self, api: Api, *names: List) -> None:
        """Fetch lists, one after the other."""
        for name in names:
            path = self._folder / f"{name}.json"
            await api.fetch_list(name, path)
            await asyncio.to_thread(self.put, name, path)
            path.unlink()

    def put(self, name: List, path: Path) -> None:
        """Keep the items of a list; of an id that comes twice, the last. An item without an id gets a number below zero
        that it has to itself. Raises Broken for a list that ends in the middle or holds what is no JSON.
        """
        with self._database as database:
            database.executemany(_PUT, _rows(name, path))

    def count(self, name: List) -> int:
        """How many items a list has."""
        return int(self._one("SELECT count(*) FROM items WHERE list = ?", name)[0])

    def find(self, name: List, item_id: int) -> Item | None:
        """The item of an id."""
        found = self._database.execute("SELECT body FROM items WHERE list = ? AND id = ?", (name, item_id)).fetchone()
        return _item(found[0]) if found else None

    def of_product(self, name: List, product_id: int) -> list[Item]:
        """The items of a list that name the product, by id."""
        asked = "SELECT body FROM items INDEXED BY of_parent WHERE list = ? AND parent = ? ORDER BY id"
        return [_item(body) for (body,) in self._database.execute(asked, (name, product_id))]

    def is_parent(self, name: List, product_id: int) -> bool:
        """Whether an item of the list names the product."""
        asked = "SELECT EXISTS (SELECT 1 FROM items INDEXED BY of_parent WHERE list = ? AND parent = ?)"
        return bool(self._one(asked, name, product_id)[0])

    def page(self, name: List, after: int | None, size: int) -> list[tuple[int, Json]]:
        """So many items behind an id, or from the beginning, with their ids and in their order."""
        asked = "SELECT id, body FROM items WHERE list = ? AND id > ? ORDER BY id LIMIT ?"
        first = -(2**62) if after is None else after
        return [(item_id, parse(body)) for item_id, body in self._database.execute(asked, (name, first, size))]

    def ids(self, names: tuple[List, List], after: int, size: int) -> list[int]:
        """So many ids behind one that either of two lists has, in their order."""
        asked = "SELECT DISTINCT id FROM items WHERE list IN (?, ?) AND id > ? ORDER BY id LIMIT ?"
        return [item_id for (item_id,) in self._database.execute(asked, (*names, after, size))]

    def count_ids(self, names: tuple[List, List], upto: int = 2**62) -> int:
        """How many different ids two lists have, up to one."""
        asked = "SELECT count(DISTINCT id) FROM items WHERE list IN (?, ?) AND id > 0 AND id <= ?"
        return int(self._one(asked, *names, upto)[0])

    def every(self, name: List) -> Iterator[tuple[int, Item]]:
        """All items of a list with their ids."""
        asked = "SELECT id, body FROM items WHERE list = ? AND id > 0 ORDER BY id"
        return ((item_id, _item(body)) for item_id, body in self._database.execute(asked, (name,)))

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def _one(self, asked: str, *values: str | int) -> tuple[int, ...]:
        found: tuple[int, ...] = self._database.execute(asked, values).fetchone()
        return found


@asynccontextmanager
async def open_lists() -> AsyncIterator[Lists]:
    """An empty shelf, gone with all that is on it when the block ends."""
    with tempfile.TemporaryDirectory(prefix="crossdock-bigbuy-") as folder:
        lists = Lists(Path(folder))
        try:
            yield lists
        finally:
            lists.close()


def _rows(name: List, path: Path) -> Iterator[tuple[str, int, int | None, str]]:
    nameless = 0
    for record in _records(name, path):
        item = record.value if isinstance(record.value, dict) else {}
        item_id = id_of(item.get("id"))
        if item_id is None:
            nameless -= 1
        yield name, item_id or nameless, id_of(item.get("product")), storable(record.text)


def _records(name: List, path: Path) -> Iterator[Record]:
    reader = RecordReader(path, Place(_start(path), "array"))
    try:
        for record in reader:
            if record.problem:
                raise Broken(f"BigBuy's list “{name}” holds what is no JSON: {record.problem}.")
            yield record
    except (FeedRefused, UnicodeDecodeError):
        raise Broken(f"BigBuy's list “{name}” ends in the middle, or cannot be read.") from None
    finally:
        reader.close()


def _start(path: Path) -> int:
    """The byte behind the bracket that opens the list."""
    with path.open("rb") as file:
        return file.read(64 * 1024).index(b"[") + 1


def _item(body: str) -> Item:
    found = parse(body)
    return found if isinstance(found, dict) else {}
